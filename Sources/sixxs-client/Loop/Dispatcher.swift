import LinuxIO
import Wire

/// Sends encapsulated packets in their order with few system calls: many datagrams as one message where the kernel takes it.
struct Dispatcher {
    private let batch = TransmitBatch(capacity: Outbox.capacity)

    /// Sends packets, or loses them; each is counted once.
    ///
    /// - Parameters:
    ///   - departures: At most as many as an ``Outbox`` holds.
    ///   - uplink: The way, and who counts.
    ///   - now: The time.
    func send(_ departures: [Outbox.Departure], through uplink: inout UplinkKeeper, at now: Duration) {
        var start = 0
        while start < departures.count {
            let trafficClass = departures[start].trafficClass
            var end = start + 1
            while end < departures.count, departures[end].trafficClass == trafficClass { end += 1 }
            if end - start == 1 {
                Self.sendAlone(departures[start], &uplink, now)
            } else {
                self.send(departures, start..<end, trafficClass, &uplink, now)
            }
            start = end
        }
    }

    private static func sendAlone(
        _ departure: Outbox.Departure,
        _ uplink: inout UplinkKeeper,
        _ now: Duration
    ) {
        let octets = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(departure.octets))
        uplink.send(octets, trafficClass: departure.trafficClass, at: now)
    }

    /// Sends packets of one traffic class, which the socket sets for all.
    private func send(
        _ departures: [Outbox.Departure],
        _ range: Range<Int>,
        _ trafficClass: UInt8,
        _ uplink: inout UplinkKeeper,
        _ now: Duration
    ) {
        guard let path = uplink.prepare(trafficClass: trafficClass, at: now) else {
            uplink.noteLost(range.count)
            return
        }
        self.fill(departures, range, trafficClass, path)
        for number in 0..<uplink.flush(self.batch) {
            let failure = self.batch.failure(at: number)
            guard failure.packets > 1 else {
                uplink.noteLost(failure, at: now)
                continue
            }
            // What the kernel refuses together, it may take one by one.
            let first = range.lowerBound + failure.index
            for index in first..<first + failure.packets {
                Self.sendAlone(departures[index], &uplink, now)
            }
        }
    }

    private func fill(
        _ departures: [Outbox.Departure],
        _ range: Range<Int>,
        _ trafficClass: UInt8,
        _ path: Uplink.Path
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            var run = DatagramRun(length: departures[start].octets.count)
            index += 1
            while path.takesRuns, index < range.upperBound, run.takes(length: departures[index].octets.count)
            {
                index += 1
            }
            guard run.count > 1 else {
                self.append(departures[start], path)
                continue
            }
            self.batch.beginRun(Self.description(of: run, trafficClass, path))
            for place in start..<index { self.extend(departures[place]) }
        }
    }

    private func append(_ departure: Outbox.Departure, _ path: Uplink.Path) {
        guard let start = departure.octets.baseAddress else { return }
        self.batch.append(start, length: departure.octets.count, to: path.remote, port: path.port)
    }

    private func extend(_ departure: Outbox.Departure) {
        guard let start = departure.octets.baseAddress else { return }
        self.batch.extendRun(start, length: departure.octets.count)
    }

    private static func description(
        of run: DatagramRun,
        _ trafficClass: UInt8,
        _ path: Uplink.Path
    ) -> TransmitBatch.Run {
        TransmitBatch.Run(
            from: path.local,
            to: path.remote,
            port: path.port,
            trafficClass: trafficClass,
            segmentSize: UInt16(clamping: run.segmentSize)
        )
    }
}
