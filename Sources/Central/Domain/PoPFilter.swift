/// Which PoPs are wanted; what is nil is not looked at.
package struct PoPFilter: Hashable, Sendable {
    /// Whether rounds push to it.
    package var isEnabled: Bool?
    package var isCanary: Bool?

    /// Two capital letters.
    package var country: String?

    package init(isEnabled: Bool? = nil, isCanary: Bool? = nil, country: String? = nil) {
        self.isEnabled = isEnabled
        self.isCanary = isCanary
        self.country = country
    }

    func takes(_ pop: PoP) -> Bool {
        (self.isEnabled == nil || pop.isEnabled == self.isEnabled)
            && (self.isCanary == nil || pop.isCanary == self.isCanary)
            && (self.country == nil || pop.country == self.country)
    }
}
