import LinuxIO
import Wire

extension KernelTables where Self: ~Copyable {
    /// Has the host forward IPv6, without taking from it what router advertisements gave it.
    ///
    /// A host that forwards listens to advertisements no more and drops the default routes that they gave, unless the interface's
    /// `accept_ra` is 2 (ip-sysctl, "accept_ra"). A setting that is right already is not written.
    ///
    /// - Returns: The interfaces that listen on because of this.
    /// - Throws: ``LinuxIO/SystemCallError`` that names the setting and what does without it; the host is as it was.
    @discardableResult
    mutating func turnForwardingOn() throws(SystemCallError) -> [String] {
        let forwarding = Sysctl.Name.ipv6Forwarding
        do throws(SystemCallError) {
            // 0 is the only value that means no.
            if let value = try self.setting(forwarding), value != "0" { return [] }
        } catch {
            throw error.explained("\(error.errno); --keep-forwarding leaves it alone")
        }
        let listening = try self.keepListening()
        do throws(SystemCallError) { try self.set(forwarding, to: "1") } catch {
            throw error.explained(
                "\(error.errno): turn it on (sysctl -w \(forwarding)=1) and use --keep-forwarding, which leaves it alone"
            )
        }
        return listening
    }

    /// Has the interfaces whose default route was advertised go on listening.
    private mutating func keepListening() throws(SystemCallError) -> [String] {
        let advertised = try self.routes(to: nil).filter(\.isAdvertised).compactMap(\.interface)
        var listening: [String] = []
        for name in Set(advertised).map(NetworkDevice.name(ofIndex:)).sorted() {
            let setting = Sysctl.Name.acceptsAdvertisements(on: name)
            // 0 is whoever listens in the kernel's place: their routes stay.
            guard try self.setting(setting) == "1" else { continue }
            do throws(SystemCallError) { try self.set(setting, to: "2") } catch {
                throw error.explained(
                    "\(error.errno): to forward IPv6, the host would give up the routes that router advertisements gave it on \(name): "
                        + "set \(setting)=2, or turn forwarding on yourself and use --keep-forwarding"
                )
            }
            listening.append(name)
        }
        return listening
    }
}
