public import Logging

/// Passes what is logged on to another handler, with every value masked that a ``Redactor`` knows: in messages, in
/// metadata, and in the text of errors.
///
/// ```swift
/// LoggingSystem.bootstrap { label in
///     RedactingLogHandler(StreamLogHandler.standardError(label: label), redactor)
/// }
/// ```
public struct RedactingLogHandler: LogHandler {
    private var inner: any LogHandler
    private let redactor: Redactor

    /// Wraps `inner`, which then sees nothing unmasked.
    public init(_ inner: any LogHandler, _ redactor: Redactor) {
        self.inner = inner
        self.redactor = redactor
    }

    /// Of the handler within.
    public var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    /// Kept masked.
    public var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = masked(newValue) }
    }

    /// Its values are masked each time.
    public var metadataProvider: Logger.MetadataProvider? {
        get { inner.metadataProvider }
        set {
            let redactor = redactor
            inner.metadataProvider = newValue.map { provider in
                Logger.MetadataProvider { Self.masked(provider.get(), by: redactor) }
            }
        }
    }

    /// Kept masked.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue.map { Self.masked($0, by: redactor) } }
    }

    /// Masks and passes on.
    public func log(event: LogEvent) {
        var event = event
        event.message = Logger.Message(stringLiteral: redactor.redact(event.message.description))
        event.metadata = event.metadata.map(masked)
        if let error = event.error {
            let text = "\(error)"
            let safe = redactor.redact(text)
            if safe != text { event.error = MaskedError(description: safe) }
        }
        inner.log(event: event)
    }

    private func masked(_ metadata: Logger.Metadata) -> Logger.Metadata { Self.masked(metadata, by: redactor) }

    private static func masked(_ metadata: Logger.Metadata, by redactor: Redactor) -> Logger.Metadata {
        metadata.mapValues { masked($0, by: redactor) }
    }

    private static func masked(_ value: Logger.MetadataValue, by redactor: Redactor) -> Logger.MetadataValue {
        switch value {
        case .string(let text): .string(redactor.redact(text))
        case .stringConvertible(let object): .string(redactor.redact(object.description))
        case .array(let items): .array(items.map { masked($0, by: redactor) })
        case .dictionary(let members): .dictionary(masked(members, by: redactor))
        }
    }
}

/// Stands for an error whose text holds a secret.
private struct MaskedError: Error, CustomStringConvertible {
    let description: String
}
