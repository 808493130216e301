/// Where the fleet's state is kept, in the words of the domain.
///
/// Everything else in the centre speaks to this and knows nothing of SQL. Each call is atomic.
package typealias FleetStore = RegistryStore & RoundStore & HistoryStore & SampleStore & StoreUpkeep
