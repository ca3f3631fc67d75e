internal import Glibc
internal import ResealCore
internal import ResealSealing

/// What a plugin says: a stanza whose body may be a secret.
struct PluginMessage {
    let type: String
    let arguments: [String]
    let body: SecretBytes
}

/// One run of a plugin through one state machine (c2sp.org/age-plugin): first we say what is to be done, then the plugin
/// leads and is answered.
final class PluginConversation {
    let plugin: PluginName
    private let process: PluginProcess
    private let access: KeyAccess
    /// What came and was not taken yet, in memory that is zeroed at the end.
    private let buffer: ScratchBuffer
    private var held = 0

    init(_ plugin: PluginName, machine: String, access: KeyAccess) throws(AgeFailure) {
        self.plugin = plugin
        self.access = access
        buffer = ScratchBuffer(count: access.plugins.limits.messageBytes)
        process = try PluginProcess(plugin, machine: machine, policy: access.plugins)
    }

    // MARK: Saying

    func send(_ words: String...) throws(AgeFailure) { try send(words, body: []) }

    /// - Parameter secretWord: a word behind the others.
    func send(_ word: String, secretWord: SecretBytes) throws(AgeFailure) {
        try secretWord.withUnsafeBytes { (last) throws(AgeFailure) in
            try send([word], lastWord: last, body: UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    func send(_ words: [String], body: [UInt8]) throws(AgeFailure) {
        try body.withRawBytes { (body) throws(AgeFailure) in try send(words, body: body) }
    }

    func send(_ words: [String], body: SecretBytes) throws(AgeFailure) {
        try body.withUnsafeBytes { (body) throws(AgeFailure) in try send(words, body: body) }
    }

    private func send(
        _ words: [String], lastWord: UnsafeRawBufferPointer? = nil, body: UnsafeRawBufferPointer
    ) throws(AgeFailure) {
        var text: [UInt8] = []
        // Room for all of it, so that no copy is left behind.
        text.reserveCapacity(words.reduce(64) { $0 + $1.utf8.count } + (lastWord?.count ?? 0) + body.count * 3 / 2)
        Stanza.encode(words, lastWord: lastWord, body: body, into: &text)
        defer { text.withUnsafeMutableBytes { explicitZero($0) } }
        try text.withRawBytes { (text) throws(AgeFailure) in
            try process.write(text, within: access.plugins.limits.silence)
        }
    }

    /// Sends a command that no plugin knows, so that none comes to rely on there being only known ones.
    func sendGrease() throws(AgeFailure) {
        let noise = try sealing { () throws(SealingFailure) in try SystemRandom.bytes(24) }
        let body = Array(noise.prefix(Int(noise[0]) % noise.count))
        try send(["grease-\(Hex.encode(noise.suffix(6)))", "\(noise[1])"], body: body)
    }

    // MARK: Listening

    /// Lets the plugin lead until it is done.
    ///
    /// - Parameter take: gets what is special to the state machine; false for a message that it does not know.
    /// - Throws: ``AgeFailure/Kind/plugin`` for a plugin that fails or breaks the protocol; what `take` throws.
    func listen(_ take: (PluginMessage) throws(AgeFailure) -> Bool) throws(AgeFailure) {
        for _ in 0..<access.plugins.limits.messages {
            let message = try next()
            switch message.type {
            case "done": return process.finish()
            case "error":
                // Whatever it is about, the work as a whole did not succeed.
                try? send("ok")
                throw failure("reports: \(Self.text(message.body))")
            case "msg", "confirm", "request-public", "request-secret": try ask(message)
            default: try send(try take(message) ? "ok" : "unsupported")
            }
        }
        throw failure("does not come to an end")
    }

    /// What the plugin wants of the user. If there is no answer, the plugin decides what to do without.
    private func ask(_ message: PluginMessage) throws(AgeFailure) {
        let interaction = access.interaction
        let question = "\(plugin.program): \(Self.text(message.body))"
        if message.type == "confirm" { return try confirm(message, question) }
        let answer: SecretBytes
        do throws(AgeFailure) {
            switch message.type {
            case "msg":
                try interaction.show(question)
                answer = SecretBytes([])
            case "request-public": answer = try interaction.line(question)
            default: answer = try interaction.secret(question)
            }
        } catch { return try send("fail") }
        try send(["ok"], body: answer)
    }

    private func confirm(_ message: PluginMessage, _ question: String) throws(AgeFailure) {
        let choices = message.arguments.compactMap { Base64.decode($0.utf8, padded: false) }.map {
            Self.text(SecretBytes($0))
        }
        guard (1...2).contains(choices.count), choices.count == message.arguments.count else {
            throw failure("asks for a confirmation without saying of what")
        }
        let isYes: Bool
        do throws(AgeFailure) {
            isYes = try access.interaction.confirm(question, yes: choices[0], no: choices.dropFirst().first)
        } catch { return try send("fail") }
        try send("ok", isYes ? "yes" : "no")
    }

    /// Reads one message.
    private func next() throws(AgeFailure) -> PluginMessage {
        var end = endOfMessage()
        while end == nil {
            guard held < buffer.bytes.count else { throw failure("sends a message that is too long") }
            held += try process.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[held...]), limits: access.plugins.limits
            ) { try? access.interaction.show("waiting for \(plugin.program) …") }
            end = endOfMessage()
        }
        let count = end ?? 0
        defer {
            // What stays may overlap with what is taken.
            buffer.bytes.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer.bytes)[count..<held]))
            explicitZero(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[(held - count)..<held]))
            held -= count
        }
        do throws(AgeFailure) {
            var parts = try HeaderParser.parts(ofStanza: buffer.prefix(count))
            return PluginMessage(
                type: parts.type, arguments: parts.arguments, body: SecretBytes(consuming: &parts.body))
        } catch { throw failure("sends a message that is malformed") }
    }

    /// Where the first stanza of what came ends; `nil` if it is not whole.
    private func endOfMessage() -> Int? {
        var (start, lines) = (0, 0)
        let bytes = buffer.prefix(held)
        while let base = bytes.baseAddress, let found = memchr(base + start, 0x0a, held - start) {
            let end = UnsafeRawPointer(found) - base
            if lines > 0, end - start < Header.columns { return end + 1 }
            (start, lines) = (end + 1, lines + 1)
        }
        return nil
    }

    /// A failure of the plugin; `what` goes on behind its name.
    func failure(_ what: String) -> AgeFailure {
        AgeFailure(.plugin, "`\(plugin.program)` \(what)", hint: "look into the plugin's documentation, or update it")
    }

    /// What a plugin says to the user, without anything that could steer a terminal, and not endless.
    private static func text(_ body: SecretBytes) -> String {
        let scalars = body.withUnsafeBytes { String(decoding: $0.prefix(1000), as: UTF8.self) }.unicodeScalars
        var text = ""
        for scalar in scalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
