internal import ResealAge
internal import ResealSealing
internal import Synchronization

/// Asks the user at the controlling terminal while keys are used.
struct AgeTerminal: KeyInteraction {
    // Several threads may open values at the same time, but there is one terminal.
    private static let turn = Mutex(())

    func secret(_ question: String) throws(AgeFailure) -> SecretBytes { try ask(question) }

    func line(_ question: String) throws(AgeFailure) -> SecretBytes { try ask(question, isHidden: false) }

    func confirm(_ question: String, yes: String, no: String?) throws(AgeFailure) -> Bool {
        guard let no else {
            _ = try ask("\(question) (Enter: \(yes))", isHidden: false)
            return true
        }
        while true {
            let answer = try ask("\(question) (1: \(yes), 2: \(no))", isHidden: false)
            switch answer.revealText() {
            case "1": return true
            case "2": return false
            default: continue
            }
        }
    }

    func show(_ message: String) { Self.turn.withLock { _ in Terminal.note(message) } }

    private func ask(_ question: String, isHidden: Bool = true) throws(AgeFailure) -> SecretBytes {
        try Self.turn.withLock { (_) throws(AgeFailure) in
            do throws(TerminalFailure) { return try HiddenPrompt.read(question, isHidden: isHidden) } catch {
                throw AgeFailure(.passphrase, error.message, hint: error.hint)
            }
        }
    }
}
