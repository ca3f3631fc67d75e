internal import ResealCore
internal import ResealVault

/// Looks for new versions of secrets, again and again.
struct SecretWatch: Sendable {
    let source: any SecretSource
    let ids: [SecretID]
    let interval: TimeSpan

    /// Until the task is cancelled. A look that fails is reported once, and made again after the interval: whoever has
    /// values already can go on with them.
    ///
    /// - Parameter act: gets all values when one is new, and says whether that is done; if not, it gets them again.
    func run(from first: [SecretReading], _ act: ([SecretReading]) async throws -> Bool) async {
        var known = Self.versions(first)
        var complaint: String?
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(interval.seconds))
            guard !Task.isCancelled else { return }
            do {
                let readings = try await source.read(ids)
                if Self.versions(readings) != known, try await act(readings) { known = Self.versions(readings) }
                complaint = nil
            } catch {
                let failure = UnexpectedFailure.wrapping(error)
                if complaint != failure.code { Terminal.note("reseal: \(Self.line(failure))") }
                complaint = failure.code
            }
        }
    }

    private static func line(_ failure: any UserFacingFailure) -> String {
        SafeText.line("no new values: \(failure.message) [\(failure.code)]")
    }

    /// The times too: numbers of a secret that was destroyed and made anew on another vault may repeat.
    private static func versions(_ readings: [SecretReading]) -> [String] {
        readings.map { "\($0.version) \($0.createdAt)" }
    }
}
