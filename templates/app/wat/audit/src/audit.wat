;; The audit, as a core module: `theater build` makes a component of it, by the world in wit/. How such
;; a module is written stands at the top of inventory.wat.
;;
;; The state holds the units of each order under `order/NUMBER`, and sums under `orders`, `units`,
;; `repeated` and `others`.

(module
  ;; message address, length
  (import "theater:host/context@0.1.0" "abort" (func $abort (param i32 i32)))
  ;; key address, key length, address of the result
  (import "theater:host/state@0.1.0" "get" (func $get (param i32 i32 i32)))
  ;; key address, key length, case number, the case's number or address, the text's length
  (import "theater:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i64 i32)))

  ;; 0..128: texts. 128..152: what `get` answers. 160..168: what `request` answers. From 4096 on: what
  ;; is allocated.
  (memory (export "memory") 1)
  (data (i32.const 0) "orders")
  (data (i32.const 8) "units")
  (data (i32.const 16) "repeated")
  (data (i32.const 24) "order ")
  (data (i32.const 32) ": ")
  (data (i32.const 40) " of ")
  (data (i32.const 48) "the state holds something that is no number")
  (data (i32.const 96) "others")
  (data (i32.const 104) "order/")
  (data (i32.const 112) " orders, ")
  (data (i32.const 122) " units")
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

  (func $add (param $key i32) (param $length i32) (param $number i64)
    (call $store (local.get $key) (local.get $length)
      (i64.add (call $load (local.get $key) (local.get $length)) (local.get $number))))

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

  ;; The part of the message that is not read yet.
  (global $at (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))

  ;; Reads a text. Answers whether it stands there.
  (func $read (param $text i32) (param $length i32) (result i32)
    (loop $next
      (if (i32.eqz (local.get $length))
        (then (return (i32.const 1))))
      (if (i32.ge_u (global.get $at) (global.get $end))
        (then (return (i32.const 0))))
      (if (i32.ne (i32.load8_u (global.get $at)) (i32.load8_u (local.get $text)))
        (then (return (i32.const 0))))
      (global.set $at (i32.add (global.get $at) (i32.const 1)))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br $next))
    unreachable)

  ;; Reads a number of at most 18 digits. Answers it, or -1 if none stands there.
  (func $read-number (result i64)
    (local $number i64) (local $digit i32) (local $digits i32)
    (loop $next
      (if (i32.lt_u (global.get $at) (global.get $end))
        (then
          (local.set $digit (i32.sub (i32.load8_u (global.get $at)) (i32.const 48)))
          (if (i32.lt_u (local.get $digit) (i32.const 10))
            (then
              (local.set $number (i64.add
                (i64.mul (local.get $number) (i64.const 10))
                (i64.extend_i32_u (local.get $digit))))
              (local.set $digits (i32.add (local.get $digits) (i32.const 1)))
              (global.set $at (i32.add (global.get $at) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $digits) (i32.const 18))))))))
    (if (i32.eqz (local.get $digits))
      (then (return (i64.const -1))))
    (local.get $number))

  ;; Reads `order 7: 2 of `. Answers the units, or -1 if that does not stand there; the order's number
  ;; is in `$order`.
  (global $order (mut i64) (i64.const 0))
  (func $read-order (result i64)
    (local $units i64)
    (if (i32.eqz (call $read (i32.const 24) (i32.const 6)))
      (then (return (i64.const -1))))
    (global.set $order (call $read-number))
    (if (i64.lt_s (global.get $order) (i64.const 0))
      (then (return (i64.const -1))))
    (if (i32.eqz (call $read (i32.const 32) (i32.const 2)))
      (then (return (i64.const -1))))
    (local.set $units (call $read-number))
    (if (i32.eqz (call $read (i32.const 40) (i32.const 4)))
      (then (return (i64.const -1))))
    (local.get $units))

  (func $message (export "theater:actor/inbox@0.1.0#message") (param $message i32) (param $length i32)
    (local $units i64) (local $key i32) (local $key-length i32)
    (global.set $at (local.get $message))
    (global.set $end (i32.add (local.get $message) (local.get $length)))
    (local.set $units (call $read-order))
    (if (i64.lt_s (local.get $units) (i64.const 0))
      (then
        (call $add (i32.const 96) (i32.const 6) (i64.const 1))
        (return)))
    (local.set $key (call $allocate (i32.const 32)))
    (local.set $key-length (i32.sub
      (call $write-number
        (call $write (local.get $key) (i32.const 104) (i32.const 6))
        (global.get $order))
      (local.get $key)))
    (call $get (local.get $key) (local.get $key-length) (i32.const 128))
    (if (i32.load8_u (i32.const 128))
      (then
        (call $add (i32.const 16) (i32.const 8) (i64.const 1))
        (return)))
    (call $store (local.get $key) (local.get $key-length) (local.get $units))
    (call $add (i32.const 0) (i32.const 6) (i64.const 1))
    (call $add (i32.const 8) (i32.const 5) (local.get $units)))

  ;; Whatever is asked, the answer is `3 orders, 7 units`.
  (func $request (export "theater:actor/inbox@0.1.0#request")
    (param $message i32) (param $length i32) (result i32)
    (local $answer i32) (local $end i32)
    (local.set $answer (call $allocate (i32.const 64)))
    (local.set $end
      (call $write-number (local.get $answer) (call $load (i32.const 0) (i32.const 6))))
    (local.set $end (call $write (local.get $end) (i32.const 112) (i32.const 9)))
    (local.set $end
      (call $write-number (local.get $end) (call $load (i32.const 8) (i32.const 5))))
    (local.set $end (call $write (local.get $end) (i32.const 122) (i32.const 6)))
    (i32.store (i32.const 160) (local.get $answer))
    (i32.store (i32.const 164) (i32.sub (local.get $end) (local.get $answer)))
    (i32.const 160))

  (func $orders (export "shop:audit/book#orders") (result i64)
    (call $load (i32.const 0) (i32.const 6)))

  (func $units (export "shop:audit/book#units") (result i64)
    (call $load (i32.const 8) (i32.const 5)))

  (func $repeated (export "shop:audit/book#repeated") (result i64)
    (call $load (i32.const 16) (i32.const 8)))

  (func $others (export "shop:audit/book#others") (result i64)
    (call $load (i32.const 96) (i32.const 6))))
