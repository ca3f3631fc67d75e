internal import ResealCore
internal import ResealSealing
internal import ResealWire

/// Makes the token last, and notices when somebody puts another one into its place.
struct TokenRenewal: Sendable {
    private static let look = Duration.seconds(5)
    private static let shortestPause = Duration.seconds(5)
    private static let pauseAfterRefusal = Duration.seconds(60)

    let upstream: Upstream
    let report: @Sendable (AgentEvent) -> Void

    private var token: AgentToken { upstream.token }

    /// What the server says of the token.
    private struct Life {
        let seconds: Int64
        let isRenewable: Bool

        init?(_ json: SecretJSON?, seconds key: String) {
            guard let seconds = json?[key]?.integer, let word = json?["renewable"] else { return nil }
            self.seconds = seconds
            isRenewable = word.revealJSON() == true
        }
    }

    /// Until the task is cancelled.
    func run() async {
        var generation = token.current.generation
        while !Task.isCancelled {
            let pause = await step()
            await wait(upTo: pause, while: generation)
            guard token.current.generation != generation else { continue }
            generation = token.current.generation
            report(.tokenReplaced)
        }
    }

    /// Renews the token at two thirds of its life. Returns how long there is nothing to do, `nil` for as long as it is this
    /// token.
    private func step() async -> Duration? {
        switch await upstream.ask(Self.lookUp) {
        case .answer(let body, _, _):
            guard let life = Life((try? SecretJSON(parsing: body))?["data"], seconds: "ttl") else {
                return Self.pauseAfterRefusal
            }
            guard life.isRenewable else {
                report(.tokenEnds(seconds: life.seconds))
                return nil
            }
            let generation = token.current.generation
            await wait(upTo: max(Duration.milliseconds(life.seconds * 2000 / 3), .seconds(1)), while: generation)
            guard !Task.isCancelled, token.current.generation == generation else { return .zero }
            return await renew(from: life)
        case .refused(let reply):
            if reply.status == 401 || reply.status == 403 { report(.tokenRefused) }
            return Self.pauseAfterRefusal
        case .unchanged, .other, .unavailable: return Self.shortestPause
        }
    }

    private func renew(from life: Life) async -> Duration? {
        guard case .answer(let body, _, _) = await upstream.ask(Self.renewal),
            let next = Life((try? SecretJSON(parsing: body))?["auth"], seconds: "lease_duration")
        else { return Self.shortestPause }
        // At the end of what it may live at most, it gets no more time than was left.
        guard next.seconds > life.seconds / 3 + 1 else {
            report(.tokenEnds(seconds: next.seconds))
            return nil
        }
        report(.tokenRenewed(seconds: next.seconds))
        return .zero
    }

    /// - Parameter longest: `nil` for no end.
    private func wait(upTo longest: Duration?, while generation: Int) async {
        let end = longest.map { ContinuousClock.now + $0 }
        while !Task.isCancelled {
            if await token.reload() || token.current.generation != generation { return }
            let left = end.map { $0 - ContinuousClock.now } ?? Self.look
            guard left > .zero else { return }
            try? await Task.sleep(for: min(left, Self.look))
        }
    }

    private static let lookUp = AgentRequest(method: "GET", path: "auth/token/lookup-self", dialect: .vault)
    private static let renewal = AgentRequest(
        method: "POST", path: "auth/token/renew-self", body: Array("{}".utf8), dialect: .vault)
}
