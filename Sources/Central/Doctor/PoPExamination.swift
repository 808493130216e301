internal import Foundation
package import Wire

/// What `doctor` finds out about one PoP.
package struct PoPExamination: Sendable {
    package let pop: PoP
    package let history: PoPHistory
    package let hasTunnelPrefix: Bool

    package init(pop: PoP, history: PoPHistory, hasTunnelPrefix: Bool) {
        self.pop = pop
        self.history = history
        self.hasTunnelPrefix = hasTunnelPrefix
    }

    /// What its daemon answered.
    package struct Answer: Sendable {
        package let running: RunningConfiguration
        package let report: ReceivedReport

        /// The centre's time when the report came, in seconds since 1970.
        package let time: Int64

        /// - Throws: ``ConnectionFailure``.
        package init(
            of pop: PoP,
            asking session: any DaemonSession,
            _ expectations: [Int: ReportExpectation]
        ) throws(ConnectionFailure) {
            self.running = try RunningConfiguration(asking: session)
            self.report = try ReceivedReport(of: pop, asking: session, expectations)
            self.time = Int64(saturating: Date().timeIntervalSince1970)
        }
    }

    /// What the database alone shows.
    package var registryFindings: [Finding] {
        var findings: [Finding] = []
        let name = self.pop.name
        if let key = self.pop.hostKey {
            findings.append(.ok("\(name) host key", key.fingerprint))
        } else {
            findings.append(
                .fail("\(name) host key", "none is trusted", mend: "sixxs-central pop trust \(name)")
            )
        }
        if !self.hasTunnelPrefix {
            let mend = "sixxs-central prefix add \(name) tunnel PREFIX"
            findings.append(.warn("\(name) prefixes", "it has no tunnel prefix", mend: mend))
        }
        if let hold = self.history.hold {
            findings.append(
                .warn("\(name) hold", hold.words(for: name), mend: "sixxs-central unhold \(name)")
            )
        }
        return findings
    }

    /// What a conversation shows.
    package func findings(of answer: Result<Answer, ConnectionFailure>) -> [Finding] {
        let name = self.pop.name
        switch answer {
        case .failure(let failure):
            return [
                .fail(
                    "\(name)",
                    failure.message(for: name),
                    mend: self.mend(of: failure)
                )
            ]
        case .success(let answer):
            let uptime = answer.report.uptime.map(HumanFormat.uptime) ?? "for an unknown time"
            let version = "sixxsd \(answer.report.version ?? "of an unknown version"), up \(uptime)"
            return [
                .ok("\(name)", version), self.clock(answer), self.configuration(answer), self.kernel(answer),
                self.doubts(answer),
            ].compactMap(\.self)
        }
    }

    private func kernel(_ answer: Answer) -> Finding? {
        answer.report.kernel?.faults.inBrief.map { faults in
            .fail(
                "\(self.pop.name) kernel",
                faults,
                mend: "see the line above; sixxsd control -c 'pop show kernel' on the PoP has all of it"
            )
        }
    }

    private func doubts(_ answer: Answer) -> Finding? {
        answer.report.doubts.words.map { words in
            .warn(
                "\(self.pop.name) report",
                "doubtful report: \(words)",
                mend: "look at sixxsd on the PoP: its version, and whether it is still ours"
            )
        }
    }

    private func mend(of failure: ConnectionFailure) -> String {
        let again = "then sixxs-central doctor \(self.pop.name)"
        guard case .refused(_, let reply) = failure, reply.hasPrefix("403 ") else {
            return "see the line above, \(again)"
        }
        // What sshd forwards belongs to the account that logged in.
        return "on the PoP: usermod -a -G GROUP \(self.pop.ssh.user), GROUP being that of the control socket "
            + "(sixxsd, or what ls -l /run/sixxsd/control.sock shows), \(again)"
    }

    private func clock(_ answer: Answer) -> Finding {
        let subject = "\(self.pop.name) clock"
        guard let skew = answer.report.skew(from: answer.time) else {
            return .fail(subject, "its time is unknown", mend: "look at the clock of the PoP")
        }
        let text = "\(skew.magnitude) s \(skew < 0 ? "behind" : "ahead of") the centre's"
        guard skew.magnitude > 5 else { return .ok(subject, text) }
        // Beats that are 120 s off are refused.
        let mend = "set up NTP on the PoP and on the centre"
        return skew.magnitude > 60 ? .fail(subject, text, mend: mend) : .warn(subject, text, mend: mend)
    }

    private func configuration(_ answer: Answer) -> Finding {
        let subject = "\(self.pop.name) configuration"
        let running = "generation \(answer.running.generation) sha256 \(answer.running.digest.prefix(12))…"
        guard self.history.pushes?.confirmedDigest != nil else {
            return .warn(
                subject,
                "nothing was ever pushed; it runs \(running)",
                mend: "sixxs-central push \(self.pop.name)"
            )
        }
        guard self.history.isAsConfirmed(answer.running.digest) else {
            let mend = "sixxs-central plan \(self.pop.name), then push"
            return .warn(subject, "it runs \(running), not what it confirmed last", mend: mend)
        }
        return .ok(subject, running)
    }
}
