/// Where the fleet's state is kept, in the words of the domain.
///
/// Everything else in the centre speaks to this and knows nothing of SQL. Each call is atomic.
package struct FleetStore: Sendable {
    /// What keeps it, such as `sqlite`.
    package let engine: String
    package let registry: any RegistryStore
    package let rounds: any RoundStore
    package let history: any HistoryStore
    package let samples: any SampleStore
    package let endpoints: any EndpointStore
    package let accounts: any AccountStore
    package let upkeep: any StoreUpkeep
}
