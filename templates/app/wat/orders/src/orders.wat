;; The orders, as a core module: `theater build` makes a component of it, by the world in wit/. How such
;; a module is written stands at the top of inventory.wat.
;;
;; The state holds how many orders were placed, under `orders`, and how many units were sold, under
;; `units`.

(module
  ;; message address, length
  (import "theater:host/context@0.1.0" "abort" (func $abort (param i32 i32)))
  ;; key address, key length, address of the result
  (import "theater:host/state@0.1.0" "get" (func $get (param i32 i32 i32)))
  ;; key address, key length, case number, the case's number or address, the text's length
  (import "theater:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i64 i32)))
  ;; name address, length; message address, length; address of the result
  (import "theater:host/messenger@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32)))
  ;; The inventory. SKU address, length; units; address of the result
  (import "shop:inventory/stock" "reserve" (func $reserve (param i32 i32 i32 i32)))
  (import "shop:inventory/stock" "release" (func $release (param i32 i32 i32 i32)))

  ;; 0..128: texts. 128..152: what `get` answers. 160..192: what `reserve` answers, and then this actor.
  ;; 192..194: what `send` answers. 200..232: what `release` answers. From 4096 on: what is allocated.
  (memory (export "memory") 1)
  (data (i32.const 0) "orders")
  (data (i32.const 8) "units")
  (data (i32.const 16) "audit")
  (data (i32.const 24) "order ")
  (data (i32.const 32) ": ")
  (data (i32.const 40) " of ")
  (data (i32.const 48) "the state holds something that is no number")
  (global $free (mut i32) (i32.const 4096))

  (func $allocate (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 0x1_0000)))
      (then
        (if (i32.lt_s
              (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))
              (i32.const 0))
          (then unreachable))))
    (local.get $at))

  ;; Theater calls this to hand over text and lists.
  (func $cabi_realloc (export "cabi_realloc")
    (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (call $allocate (local.get $size)))
    (memory.copy (local.get $at) (local.get $old) (local.get $old-size))
    (local.get $at))

  ;; The number that the state holds under a key, or 0 if there is none.
  (func $load (param $key i32) (param $length i32) (result i64)
    (call $get (local.get $key) (local.get $length) (i32.const 128))
    ;; An option<value>: byte 128 says whether there is one, byte 136 which case it is, of which 2 is
    ;; u64, and the case's number begins at byte 144.
    (if (i32.eqz (i32.load8_u (i32.const 128)))
      (then (return (i64.const 0))))
    (if (i32.ne (i32.load8_u (i32.const 136)) (i32.const 2))
      (then (call $abort (i32.const 48) (i32.const 43)) unreachable))
    (i64.load (i32.const 144)))

  (func $store (param $key i32) (param $length i32) (param $number i64)
    (call $set (local.get $key) (local.get $length) (i32.const 2) (local.get $number) (i32.const 0)))

  ;; Writes a text. Answers where the next one goes.
  (func $write (param $at i32) (param $text i32) (param $length i32) (result i32)
    (memory.copy (local.get $at) (local.get $text) (local.get $length))
    (i32.add (local.get $at) (local.get $length)))

  ;; The same with the digits of a number.
  (func $write-number (param $at i32) (param $number i64) (result i32)
    (if (i64.gt_u (local.get $number) (i64.const 9))
      (then
        (local.set $at (call $write-number
          (local.get $at)
          (i64.div_u (local.get $number) (i64.const 10))))))
    (i32.store8 (local.get $at)
      (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10)))))
    (i32.add (local.get $at) (i32.const 1)))

  ;; Tells the audit of an order: `order 7: 2 of A-1`. Answers whether it could.
  (func $tell (param $order i64) (param $units i32) (param $sku i32) (param $length i32) (result i32)
    (local $message i32) (local $end i32)
    (local.set $message (call $allocate (i32.add (local.get $length) (i32.const 64))))
    (local.set $end (call $write (local.get $message) (i32.const 24) (i32.const 6)))
    (local.set $end (call $write-number (local.get $end) (local.get $order)))
    (local.set $end (call $write (local.get $end) (i32.const 32) (i32.const 2)))
    (local.set $end (call $write-number (local.get $end) (i64.extend_i32_u (local.get $units))))
    (local.set $end (call $write (local.get $end) (i32.const 40) (i32.const 4)))
    (local.set $end (call $write (local.get $end) (local.get $sku) (local.get $length)))
    (call $send (i32.const 16) (i32.const 5)
      (local.get $message) (i32.sub (local.get $end) (local.get $message)) (i32.const 192))
    (i32.eqz (i32.load8_u (i32.const 192))))

  (func $place (export "shop:orders/checkout#place")
    (param $sku i32) (param $length i32) (param $units i32) (result i32)
    (local $order i64) (local $sold i64)
    (call $reserve (local.get $sku) (local.get $length) (local.get $units) (i32.const 160))
    ;; An error of the inventory has the same number, and what it holds the same place, as the error of
    ;; this interface that means the same.
    (if (i32.load8_u (i32.const 160))
      (then (return (i32.const 160))))
    (local.set $order (i64.add (call $load (i32.const 0) (i32.const 6)) (i64.const 1)))
    (local.set $sold (i64.add
      (call $load (i32.const 8) (i32.const 5))
      (i64.extend_i32_u (local.get $units))))
    (if (i32.eqz (call $tell
          (local.get $order) (local.get $units) (local.get $sku) (local.get $length)))
      (then
        (call $release (local.get $sku) (local.get $length) (local.get $units) (i32.const 200))
        (i32.store8 (i32.const 160) (i32.const 1))
        (i32.store8 (i32.const 168) (i32.const 3))
        (return (i32.const 160))))
    (call $store (i32.const 0) (i32.const 6) (local.get $order))
    (call $store (i32.const 8) (i32.const 5) (local.get $sold))
    ;; A receipt: the order at 168, and at 176 how many units are left, which the inventory answered at
    ;; 168.
    (i64.store (i32.const 176) (i64.load (i32.const 168)))
    (i64.store (i32.const 168) (local.get $order))
    (i32.const 160))

  (func $placed (export "shop:orders/checkout#placed") (result i64)
    (call $load (i32.const 0) (i32.const 6)))

  (func $sold (export "shop:orders/checkout#sold") (result i64)
    (call $load (i32.const 8) (i32.const 5))))
