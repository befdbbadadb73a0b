;; A counter as a WebAssembly component, written by hand.
;;
;; Every message runs in a fresh instance of this component, so the memory below never outlives
;; one turn. What must last stands in the actor's state: the count, under the key "count".
;; The contract is wit/world.wit; this file must match it, and `theater build` checks that it does.

(component
  ;; What the actor uses: the state, as described in wit/deps/theater-host/state.wit.
  ;; An import may leave out functions that it does not call, but not cases of a type.
  (import "theater:host/state@0.1.0" (instance $state
    (type $cases (variant
      (case "bool" bool)
      (case "s64" s64)
      (case "u64" u64)          ;; case number 2: the one that this actor stores
      (case "f64" f64)
      (case "text" string)
      (case "bytes" (list u8))))
    (export "value" (type $value (eq $cases)))
    (export "get" (func (param "key" string) (result (option $value))))
    (export "set" (func (param "key" string) (param "value" $value)))))

  ;; The memory is a module of its own, because the imported functions need it before the
  ;; module that calls them can exist.
  (core module $Memory
    (memory (export "memory") 1)
    (data (i32.const 0) "count")
    ;; Theater calls `realloc` to hand over text and bytes. This actor stores only numbers, so
    ;; it is never called, and it aborts the turn if it is.
    (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $memory (instantiate $Memory))

  ;; The imported functions in the form in which core WebAssembly calls them. A string is an
  ;; address and a length. A result that does not fit into one number is written to memory, at
  ;; an address that the caller passes last.
  (core func $get (canon lower (func $state "get")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $set (canon lower (func $state "set")
    (memory (core memory $memory "memory"))))

  (core module $Counter
    (import "state" "memory" (memory 1))
    ;; key address, key length, address of the result
    (import "state" "get" (func $get (param i32 i32 i32)))
    ;; key address, key length, case number, the case's number or address, the text's length
    (import "state" "set" (func $set (param i32 i32 i32 i64 i32)))

    ;; The count that the state holds, or 0 if there is none yet.
    (func $load (result i32)
      (call $get (i32.const 0) (i32.const 5) (i32.const 16))
      ;; An option<value> at 16: byte 16 says whether there is one, byte 24 which case it is,
      ;; and the case's number begins at byte 32.
      (if (i32.eqz (i32.load8_u (i32.const 16)))
        (then (return (i32.const 0))))
      (if (i32.ne (i32.load8_u (i32.const 24)) (i32.const 2))
        (then unreachable))
      (call $narrow (i64.load (i32.const 32))))

    ;; The number as a u32. One that does not fit aborts the turn.
    (func $narrow (param $number i64) (result i32)
      (if (i64.gt_u (local.get $number) (i64.const 0xffff_ffff))
        (then unreachable))
      (i32.wrap_i64 (local.get $number)))

    (func $value (export "value") (result i32)
      (call $load))

    (func $increment (export "increment") (param $by i32) (result i32)
      (local $sum i64)
      ;; Added as 64-bit numbers, so that the sum cannot wrap around.
      (local.set $sum (i64.add
        (i64.extend_i32_u (call $load))
        (i64.extend_i32_u (local.get $by))))
      (drop (call $narrow (local.get $sum)))
      (call $set (i32.const 0) (i32.const 5) (i32.const 2) (local.get $sum) (i32.const 0))
      (i32.wrap_i64 (local.get $sum))))
  (core instance $counter (instantiate $Counter
    (with "state" (instance
      (export "memory" (memory $memory "memory"))
      (export "get" (func $get))
      (export "set" (func $set))))))

  ;; What the actor offers: the functions of the module, with the types of the interface.
  (func $increment (param "by" u32) (result u32)
    (canon lift (core func $counter "increment")))
  (func $value (result u32)
    (canon lift (core func $counter "value")))
  (instance $api
    (export "increment" (func $increment))
    (export "value" (func $value)))
  (export "local:my-actor/counter" (instance $api)))
