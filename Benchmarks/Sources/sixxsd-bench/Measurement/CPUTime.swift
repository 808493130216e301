internal import Glibc

/// The time that the calling thread has spent on a CPU: what other programs do on a busy machine is left out.
enum CPUTime {
    /// Nanoseconds since the thread began.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
