internal import CAllocationCounter
internal import Glibc

/// Counts heap allocations exactly: the executable's allocator stands in front of glibc's.
enum AllocationCounter {
    /// How many allocations the calling thread makes in a closure.
    static func count(_ body: () -> Void) -> Int {
        callocationcounter_start()
        body()
        return Int(callocationcounter_stop())
    }

    /// One way to allocate, and whether the counter saw it.
    struct Proof {
        let name: String
        let counted: Int
        var holds: Bool { self.counted == 1 }
    }

    /// Allocates once in every way that matters, and nothing at all, and says what was counted.
    static func proofs() -> [Proof] {
        [
            Proof(name: "a class instance", counted: Self.count { keep(Thing()) }),
            Proof(name: "an array", counted: Self.count { keep([UInt8](repeating: 1, count: opaque(100))) }),
            Proof(name: "malloc", counted: Self.count { release(malloc(opaque(100))) }),
            Proof(name: "calloc", counted: Self.count { release(calloc(opaque(10), 10)) }),
            Proof(name: "realloc", counted: Self.count { release(realloc(nil, opaque(100))) }),
            Proof(name: "aligned_alloc", counted: Self.count { release(aligned_alloc(64, opaque(128))) }),
            Proof(name: "posix_memalign", counted: Self.count { alignedMemory(opaque(128)) }),
        ]
    }

    /// What is counted when nothing allocates.
    static func silence() -> Int {
        Self.count { keep(opaque(1)) }
    }

    private final class Thing {}

    private static func alignedMemory(_ count: Int) {
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, 64, count) == 0 else { return }
        release(memory)
    }

    @inline(never)
    private static func release(_ memory: UnsafeMutableRawPointer?) { free(memory) }
}

/// Keeps the optimizer from removing what makes a value.
@inline(never)
@_optimize(none)
func keep<Value>(_ value: Value) {}

/// Keeps the optimizer from knowing a number.
@inline(never)
@_optimize(none)
func opaque(_ number: Int) -> Int { number }
