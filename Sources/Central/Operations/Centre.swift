/// With what the centre does something, and for whom.
///
/// Each operation is a value that says what is wanted; a face makes one from what a person typed, clicked or sent, and
/// runs it here. Whatever must hold however it is asked for is in the operation, or below it.
package struct Centre: Sendable {
    package let store: FleetStore
    package let connector: any DaemonConnector

    /// Who is named in the audit, in generations and in holds.
    package let author: String

    package init(store: FleetStore, connector: any DaemonConnector, author: String) {
        self.store = store
        self.connector = connector
        self.author = author
    }
}
