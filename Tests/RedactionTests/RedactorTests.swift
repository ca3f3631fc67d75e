import Foundation
import Logging
import ResealRedaction
import ResealSealing
import Synchronization
import Testing

@Suite struct RedactorTests {
    private static let secret = "pa/ss wörd+\"x\"%"
    private let redactor: Redactor

    init() throws {
        redactor = try Redactor()
        redactor.handle(SecretBytes(utf8: Self.secret))
    }

    @Test func everyFormIsMasked() throws {
        let bytes = Data(Self.secret.utf8)
        let hex = bytes.map { String(format: "%02x", $0) }.joined()
        let percent = try #require(
            Self.secret.addingPercentEncoding(
                withAllowedCharacters: CharacterSet(
                    charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")))
        let json = String(decoding: try JSONEncoder().encode([Self.secret]), as: UTF8.self).replacing("\\/", with: "/")
        for form in [Self.secret, hex, hex.uppercased(), percent, String(json.dropFirst(2).dropLast(2))] {
            #expect(redactor.redact("a \(form) b") == "a [REDACTED] b", "\(form)")
            #expect(redactor.redact(form) == "[REDACTED]")
            #expect(redactor.redact(form + form) == "[REDACTED][REDACTED]")
        }
        #expect(redactor.redact("x\(percent.lowercased())x") == "x[REDACTED]x")
    }

    /// As in basic authentication, where something stands before it and behind it.
    @Test(arguments: ["", "u", "us", "use", "user:"], ["", "1", "12", "123"])
    func base64AtAnyPlace(_ before: String, _ after: String) {
        let text = Data((before + Self.secret + after).utf8).base64EncodedString()
        let masked = redactor.redact("Authorization: Basic \(text)")
        #expect(masked.contains("[REDACTED]"))
        // No more than the letters that the value shares with its neighbours is left.
        #expect(masked.count <= "Authorization: Basic [REDACTED]".count + (before.count + after.count) * 4 / 3 + 6)
        let urlSafe = text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        #expect(redactor.redact(urlSafe).contains("[REDACTED]"))
    }

    @Test func whatIsNoSecretStays() {
        for text in [
            "", "short", "pa/ss wörd+\"x\"", "a/ss wörd+\"x\"%", "pa/ss word+\"x\"%",
            String(repeating: "pa/ss ", count: 100),
        ] {
            #expect(redactor.redact(text) == text)
        }
    }

    @Test func shortValuesAreNotLookedFor() {
        redactor.handle(SecretBytes(utf8: "12345"))
        redactor.handle(SecretBytes(utf8: ""))
        redactor.handle(SecretBytes(utf8: "123456"))
        #expect(redactor.redact("12345 123456") == "12345 [REDACTED]")
    }

    @Test func theLongestIsTaken() {
        redactor.handle(SecretBytes(utf8: "prefix"))
        redactor.handle(SecretBytes(utf8: "prefix-and-more"))
        #expect(redactor.redact("prefix-and-more prefix-and prefix") == "[REDACTED] [REDACTED]-and [REDACTED]")
    }

    @Test func longValuesAreMaskedInParts() {
        let letters = (0..<20_000).map { (place: Int) -> UInt8 in UInt8(97 + (place * 7 + place / 26) % 26) }
        let text = String(decoding: letters, as: UTF8.self)
        redactor.handle(SecretBytes(utf8: text))
        let masked = redactor.redact("<\(text)>")
        #expect(masked.replacing("[REDACTED]", with: "") == "<>")
    }

    /// A value that is a form of another one has forms of its own.
    @Test func aFormCanBeAValue() {
        redactor.handle(SecretBytes(utf8: "inner-value"))
        let hex = Data("inner-value".utf8).map { String(format: "%02x", $0) }.joined()
        for _ in 0..<2 { redactor.handle(SecretBytes(utf8: hex)) }
        #expect(redactor.redact(Data(hex.utf8).base64EncodedString()).hasPrefix("[REDACTED]"))
    }

    @Test func memoryIsBounded() throws {
        let small = try Redactor(capacity: 100)
        for number in 0..<500 { small.handle(SecretBytes(utf8: "value-number-\(number)")) }
        #expect(small.redact("value-number-499") == "[REDACTED]")
        #expect(small.redact("value-number-0 ") == "value-number-0 ")
    }

    @Test func manyAtOnce() async throws {
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask { [redactor] in
                    for number in 0..<200 {
                        redactor.handle(SecretBytes(utf8: "worker-\(worker)-\(number)"))
                        #expect(redactor.redact("worker-\(worker)-\(number)") == "[REDACTED]")
                    }
                }
            }
        }
    }
}

@Suite struct RedactingLogHandlerTests {
    private struct Sink: LogHandler {
        final class Lines: Sendable { let all = Mutex<[String]>([]) }
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        var metadataProvider: Logger.MetadataProvider?

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
            let line = "\(event.level) \(event.message) \(all) \(event.error.map { "\($0)" } ?? "")"
            lines.all.withLock { $0.append(line) }
        }
    }

    private struct Failure: Error { let text: String }

    @Test func nothingPassesUnmasked() throws {
        let secret = SecretBytes(utf8: "correct horse battery")
        let redactor = try Redactor()
        redactor.handle(secret)
        let text = "correct horse battery"
        let lines = Sink.Lines()
        let provider = Logger.MetadataProvider { ["provided": .string(text)] }
        var logger = Logger(label: "test") { _ in RedactingLogHandler(Sink(lines: lines), redactor) }
        logger.handler.metadataProvider = provider
        logger.logLevel = .debug
        logger[metadataKey: "kept"] = "\(text)"
        logger.handler.metadata["set"] = "\(text)"
        logger.info(
            "it is \(text), or \(secret)",
            metadata: ["list": ["a", "\(text)"], "map": ["in": "\(text)"], "object": .stringConvertible(secret)])
        logger.error("failed", error: Failure(text: text))
        logger.trace("not logged")
        let all = lines.all.withLock { $0 }
        #expect(all.count == 2)
        #expect(!all.joined().contains("correct horse"))
        #expect(all[0].contains("it is [REDACTED], or [REDACTED]"))
        #expect(all[0].components(separatedBy: "[REDACTED]").count == 9)
        #expect(all[1].contains("failed"))
    }
}
