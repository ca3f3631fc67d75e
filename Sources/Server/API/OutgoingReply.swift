internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTP1
internal import ResealSealing

/// An answer, with what HTTP has to know besides.
struct OutgoingReply: Sendable {
    let reply: APIReply
    /// Whether nothing else is read from the connection.
    let isClosing: Bool
    /// Given back when all is sent.
    let place: InFlight.Place?

    init(_ reply: APIReply, isClosing: Bool = false, keeping place: InFlight.Place? = nil) {
        self.reply = reply
        self.isClosing = isClosing
        self.place = place
    }
}

extension OutgoingReply {
    /// By lower-case name.
    private var headers: [(name: String, value: String)] {
        var headers = [(name: "cache-control", value: "no-store")]
        if reply.body != nil, reply.headers["content-type"] == nil {
            headers.append((name: "content-type", value: "application/json"))
        }
        for (name, value) in reply.headers where !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            headers.append((name: name, value: value))
        }
        if isClosing { headers.append((name: "connection", value: "close")) }
        return headers
    }

    /// For the library that answers requests as streams. The answer to HEAD has no body, whatever it says (RFC 9110, 9.3.2).
    func response(to request: IncomingRequest) -> Response {
        request.method == "HEAD" ? response.createHeadResponse() : response
    }

    private var response: Response {
        var fields: HTTPFields = [:]
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let status = HTTPResponse.Status(code: reply.status)
        if let next = reply.parts {
            let body = ResponseBody { [place] writer in
                defer { withExtendedLifetime(place) {} }
                while let part = await next() { try await writer.write(ByteBuffer(bytes: part)) }
                try await writer.finish(nil)
            }
            return Response(status: status, headers: fields, body: body)
        }
        guard let body = reply.body else { return Response(status: status, headers: fields) }
        let buffer = body.withUnsafeBytes { ByteBuffer(bytes: $0) }
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: buffer))
    }

    /// What is sent before a body that comes in parts.
    ///
    /// - Parameter date: the moment, as HTTP writes it.
    func head(date: String) -> HTTPResponseHead {
        var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
        fields.add(name: "date", value: date)
        return HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: fields)
    }

    /// All of an answer whose body comes at once, as it goes onto the wire (RFC 9112). In one piece, it is one record of TLS.
    func message(date: String) -> ByteBuffer {
        let count = reply.body?.count ?? 0
        var message = ByteBuffer()
        message.reserveCapacity(512 + count)
        let status = HTTPResponseStatus(statusCode: reply.status)
        message.writeString("HTTP/1.1 \(reply.status) \(status.reasonPhrase)\r\n")
        for (name, value) in headers {
            message.writeString(name)
            message.writeStaticString(": ")
            message.writeString(value)
            message.writeStaticString("\r\n")
        }
        message.writeStaticString("date: ")
        message.writeString(date)
        // A status without a body has no length either (section 8.6 of RFC 9110).
        if status.mayHaveResponseBody { message.writeString("\r\ncontent-length: \(count)") }
        message.writeStaticString("\r\n\r\n")
        if status.mayHaveResponseBody { reply.body?.withUnsafeBytes { _ = message.writeBytes($0) } }
        return message
    }
}
