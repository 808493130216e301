internal import CLinux

/// The memory that the C library hands out to all of the program.
public enum Heap {
    /// Keeps the program's size the same whichever threads do its work, and for however long; to be called before
    /// there are others.
    ///
    /// Otherwise each thread that ever reads a configuration keeps room for one, and what is large is cut out of
    /// heaps that never shrink again.
    public static func keepSmall() {
        clinux_keep_heap_small()
    }
}
