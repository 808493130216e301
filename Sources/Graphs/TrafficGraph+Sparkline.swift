extension TrafficGraph {
    /// How large a sparkline is.
    package static let (sparklineWidth, sparklineHeight) = (240, 48)

    /// The same as a small picture without axes and words, on whatever is behind it.
    package var sparkline: String {
        let (width, height) = (Double(Self.sparklineWidth), Double(Self.sparklineHeight))
        let (frame, middle) = (self.frame, height / 2)
        let length = Double(frame.span.upperBound - frame.span.lowerBound)
        let step = GraphText.number(width * Double(frame.period.step) / length, decimals: 2)
        func area(_ name: String, _ colour: String, _ end: (Point) -> Double) -> String {
            let steps = self.points.map { point in
                let x = width * Double(point.time - frame.span.lowerBound) / length
                let place = "M\(GraphText.number(x, decimals: 2)) \(GraphText.number(middle))"
                return "\(place)h\(step)V\(GraphText.number(end(point), decimals: 2))h-\(step)z"
            }
            return "<path class=\"\(name)\" fill=\"\(colour)\" d=\"\(steps.joined())\"/>"
        }
        func share(_ rate: Double) -> Double { middle * min(max(0, rate / self.scale), 1) }
        let size = "width=\"\(Self.sparklineWidth)\" height=\"\(Self.sparklineHeight)\""
        return [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) viewBox=\"0 0 \(Self.sparklineWidth) \(Self.sparklineHeight)\" role=\"img\">",
            "<title>\(GraphText.escaped(frame.title))</title>",
            "<desc>\(GraphText.escaped(frame.description))</desc>",
            area("in", frame.theme.incoming) { middle - share($0.incoming) },
            area("out", frame.theme.outgoing) { middle + share($0.outgoing) },
            "<path stroke=\"\(frame.theme.axis)\" d=\"M0 \(GraphText.number(middle))H\(Self.sparklineWidth)\"/>",
            "</svg>",
        ].joined(separator: "\n") + "\n"
    }
}
