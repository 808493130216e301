/// An event with its number in the store: later ones have higher numbers.
package struct NumberedEvent: Hashable, Sendable {
    package let number: Int64
    package let event: FleetEvent
}
