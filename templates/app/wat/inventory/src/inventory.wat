;; The inventory, as a core module: `theater build` makes a component of it, by the world in wit/.
;;
;; A function of an interface has the name INTERFACE#FUNCTION, and an import the interface's name as
;; its module. Text is an address and a length. A result that does not fit into one number is written
;; to memory: at an address that the caller passes last, or at one that the function returns.
;;
;; Every message runs in a fresh instance, so the memory never outlives one turn. What must last stands
;; in the actor's state: the units of an article under `stock/SKU`, and all that was ever delivered
;; under `delivered`.

(module
  ;; message address, length
  (import "theater:host/context@0.1.0" "abort" (func $abort (param i32 i32)))
  ;; key address, key length, address of the result
  (import "theater:host/state@0.1.0" "get" (func $get (param i32 i32 i32)))
  ;; key address, key length, case number, the case's number or address, the text's length
  (import "theater:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i64 i32)))
  ;; prefix address, length; after: whether, address, length; limit; address of the result
  (import "theater:host/state@0.1.0" "list-keys"
    (func $list-keys (param i32 i32 i32 i32 i32 i32 i32)))

  ;; 0..128: texts. 128..152: what `get` answers. 160..192: what this actor answers. 192..200: what
  ;; `list-keys` answers. From 4096 on: what is allocated.
  (memory (export "memory") 1)
  (data (i32.const 0) "stock/")
  (data (i32.const 16) "delivered")
  (data (i32.const 32) "the state holds something that is no number")
  (data (i32.const 80) "an article needs a name")
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

  ;; The number that the state holds under a key, or -1 if there is none.
  (func $find (param $key i32) (param $length i32) (result i64)
    (call $get (local.get $key) (local.get $length) (i32.const 128))
    ;; An option<value>: byte 128 says whether there is one, byte 136 which case it is, of which 2 is
    ;; u64, and the case's number begins at byte 144.
    (if (i32.eqz (i32.load8_u (i32.const 128)))
      (then (return (i64.const -1))))
    (if (i32.ne (i32.load8_u (i32.const 136)) (i32.const 2))
      (then (call $abort (i32.const 32) (i32.const 43)) unreachable))
    (i64.load (i32.const 144)))

  ;; The same, with 0 for none.
  (func $load (param $key i32) (param $length i32) (result i64)
    (local $number i64)
    (local.set $number (call $find (local.get $key) (local.get $length)))
    (select (i64.const 0) (local.get $number) (i64.lt_s (local.get $number) (i64.const 0))))

  (func $store (param $key i32) (param $length i32) (param $number i64)
    (call $set (local.get $key) (local.get $length) (i32.const 2) (local.get $number) (i32.const 0)))

  ;; The key of an article: six bytes more than its SKU.
  (func $key (param $sku i32) (param $length i32) (result i32)
    (local $key i32)
    (local.set $key (call $allocate (i32.add (local.get $length) (i32.const 6))))
    (memory.copy (local.get $key) (i32.const 0) (i32.const 6))
    (memory.copy (i32.add (local.get $key) (i32.const 6)) (local.get $sku) (local.get $length))
    (local.get $key))

  ;; Answers of the type result<u64, stock-error>: the case at 160, then either the number at 168, or
  ;; the error's case at 168 and its number at 176.
  (func $ok (param $number i64) (result i32)
    (i32.store8 (i32.const 160) (i32.const 0))
    (i64.store (i32.const 168) (local.get $number))
    (i32.const 160))
  (func $err (param $case i32) (param $number i64) (result i32)
    (i32.store8 (i32.const 160) (i32.const 1))
    (i32.store8 (i32.const 168) (local.get $case))
    (i64.store (i32.const 176) (local.get $number))
    (i32.const 160))

  (func $reserve (export "shop:inventory/stock#reserve")
    (param $sku i32) (param $length i32) (param $units i32) (result i32)
    (local $there i64) (local $left i64) (local $key i32)
    (local.set $key (call $key (local.get $sku) (local.get $length)))
    (local.set $length (i32.add (local.get $length) (i32.const 6)))
    (local.set $there (call $find (local.get $key) (local.get $length)))
    (if (i64.lt_s (local.get $there) (i64.const 0))
      (then (return (call $err (i32.const 0) (i64.const 0)))))
    (local.set $left (i64.sub (local.get $there) (i64.extend_i32_u (local.get $units))))
    (if (i64.lt_s (local.get $left) (i64.const 0))
      (then (return (call $err (i32.const 1) (local.get $there)))))
    (call $store (local.get $key) (local.get $length) (local.get $left))
    (call $ok (local.get $left)))

  (func $release (export "shop:inventory/stock#release")
    (param $sku i32) (param $length i32) (param $units i32) (result i32)
    (local $there i64) (local $key i32)
    (local.set $key (call $key (local.get $sku) (local.get $length)))
    (local.set $length (i32.add (local.get $length) (i32.const 6)))
    (local.set $there (call $find (local.get $key) (local.get $length)))
    (if (i64.lt_s (local.get $there) (i64.const 0))
      (then (return (call $err (i32.const 0) (i64.const 0)))))
    (local.set $there (i64.add (local.get $there) (i64.extend_i32_u (local.get $units))))
    (call $store (local.get $key) (local.get $length) (local.get $there))
    (call $ok (local.get $there)))

  (func $deliver (export "shop:inventory/stock#deliver")
    (param $sku i32) (param $length i32) (param $units i32) (result i64)
    (local $there i64) (local $key i32)
    (local.set $key (call $key (local.get $sku) (local.get $length)))
    (local.set $length (i32.add (local.get $length) (i32.const 6)))
    (local.set $there (i64.add
      (call $load (local.get $key) (local.get $length))
      (i64.extend_i32_u (local.get $units))))
    (call $store (local.get $key) (local.get $length) (local.get $there))
    (call $store (i32.const 16) (i32.const 9) (i64.add
      (call $load (i32.const 16) (i32.const 9))
      (i64.extend_i32_u (local.get $units))))
    (local.get $there))

  (func $count (export "shop:inventory/stock#count") (param $sku i32) (param $length i32) (result i64)
    (call $load
      (call $key (local.get $sku) (local.get $length))
      (i32.add (local.get $length) (i32.const 6))))

  (func $in-stock (export "shop:inventory/stock#in-stock") (result i64)
    (local $sum i64) (local $key i32) (local $end i32) (local $after i32) (local $length i32)
    (loop $pages
      (call $list-keys (i32.const 0) (i32.const 6)
        (i32.ne (local.get $length) (i32.const 0)) (local.get $after) (local.get $length)
        (i32.const 100) (i32.const 192))
      (local.set $key (i32.load (i32.const 192)))
      (local.set $end (i32.add
        (local.get $key)
        (i32.mul (i32.load (i32.const 196)) (i32.const 8))))
      (if (i32.eq (local.get $key) (local.get $end))
        (then (return (local.get $sum))))
      (loop $keys
        (local.set $after (i32.load (local.get $key)))
        (local.set $length (i32.load offset=4 (local.get $key)))
        (local.set $sum (i64.add
          (local.get $sum)
          (call $load (local.get $after) (local.get $length))))
        (local.set $key (i32.add (local.get $key) (i32.const 8)))
        (br_if $keys (i32.lt_u (local.get $key) (local.get $end))))
      (br $pages))
    unreachable)

  (func $delivered (export "shop:inventory/stock#delivered") (result i64)
    (call $load (i32.const 16) (i32.const 9)))

  ;; Each item of the list: the SKU's address and length, and the units.
  (func $init (export "init") (param $item i32) (param $items i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $item) (i32.mul (local.get $items) (i32.const 12))))
    (loop $next
      (if (i32.eq (local.get $item) (local.get $end))
        (then
          (i32.store8 (i32.const 160) (i32.const 0))
          (return (i32.const 160))))
      (if (i32.eqz (i32.load offset=4 (local.get $item)))
        (then
          (i32.store8 (i32.const 160) (i32.const 1))
          (i32.store (i32.const 164) (i32.const 80))
          (i32.store (i32.const 168) (i32.const 23))
          (return (i32.const 160))))
      (drop (call $deliver
        (i32.load (local.get $item))
        (i32.load offset=4 (local.get $item))
        (i32.load offset=8 (local.get $item))))
      (local.set $item (i32.add (local.get $item) (i32.const 12)))
      (br $next))
    unreachable))
