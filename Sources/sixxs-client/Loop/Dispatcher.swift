import LinuxIO
import Wire

/// Sends encapsulated packets in their order with few system calls: many datagrams as one message where the kernel takes it.
struct Dispatcher {
    private let batch = TransmitBatch(capacity: Outbox.capacity)

    /// Sends packets, or loses them; each is counted once.
    ///
    /// - Parameters:
    ///   - departures: At most as many as an ``Outbox`` holds.
    ///   - popSocket: Where they leave, and who counts.
    ///   - now: The time.
    func send(_ departures: [Outbox.Departure], through popSocket: inout PoPSocketKeeper, at now: Duration) {
        var start = 0
        while start < departures.count {
            let trafficClass = departures[start].trafficClass
            var end = start + 1
            while end < departures.count, departures[end].trafficClass == trafficClass { end += 1 }
            if end - start == 1 {
                Self.sendAlone(departures[start], &popSocket, now)
            } else {
                self.send(departures, start..<end, trafficClass, &popSocket, now)
            }
            start = end
        }
    }

    private static func sendAlone(
        _ departure: Outbox.Departure,
        _ popSocket: inout PoPSocketKeeper,
        _ now: Duration
    ) {
        let octets = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(departure.octets))
        popSocket.send(octets, trafficClass: departure.trafficClass, at: now)
    }

    /// Sends packets of one traffic class, which the socket sets for all.
    private func send(
        _ departures: [Outbox.Departure],
        _ range: Range<Int>,
        _ trafficClass: UInt8,
        _ popSocket: inout PoPSocketKeeper,
        _ now: Duration
    ) {
        guard let path = popSocket.prepare(trafficClass: trafficClass, at: now) else {
            popSocket.noteLost(range.count)
            return
        }
        self.fill(departures, range, trafficClass, path)
        for number in 0..<popSocket.flush(self.batch) {
            let failure = self.batch.failure(at: number)
            guard failure.packets > 1 else {
                popSocket.noteLost(failure, at: now)
                continue
            }
            // What the kernel refuses together, it may take one by one.
            let first = range.lowerBound + failure.index
            for index in first..<first + failure.packets {
                Self.sendAlone(departures[index], &popSocket, now)
            }
        }
    }

    private func fill(
        _ departures: [Outbox.Departure],
        _ range: Range<Int>,
        _ trafficClass: UInt8,
        _ path: PoPSocket.Path
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            var run = UDPSegmentBatch(length: departures[start].octets.count)
            index += 1
            while path.takesSegments, index < range.upperBound,
                run.takes(length: departures[index].octets.count)
            {
                index += 1
            }
            guard run.count > 1 else {
                self.append(departures[start], path)
                continue
            }
            self.batch.beginSegments(Self.description(of: run, trafficClass, path))
            for place in start..<index { self.extend(departures[place]) }
        }
    }

    private func append(_ departure: Outbox.Departure, _ path: PoPSocket.Path) {
        guard let start = departure.octets.baseAddress else { return }
        self.batch.append(start, length: departure.octets.count, to: path.remote, port: path.port)
    }

    private func extend(_ departure: Outbox.Departure) {
        guard let start = departure.octets.baseAddress else { return }
        self.batch.appendSegment(start, length: departure.octets.count)
    }

    private static func description(
        of run: UDPSegmentBatch,
        _ trafficClass: UInt8,
        _ path: PoPSocket.Path
    ) -> TransmitBatch.Segments {
        TransmitBatch.Segments(
            from: path.local,
            to: path.remote,
            port: path.port,
            trafficClass: trafficClass,
            segmentSize: UInt16(clamping: run.segmentSize)
        )
    }
}
