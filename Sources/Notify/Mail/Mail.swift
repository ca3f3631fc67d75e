package import ResealCore

/// One message of plain text by RFC 5322.
package struct Mail: Sendable {
    package var from: String
    package var to: [String]
    package var subject: String
    package var body: String
    /// Before the `@` of the message's id.
    package var id: String
    package var date: Timestamp

    package init(from: String, to: [String], subject: String, body: String, id: String, date: Timestamp) {
        self.from = from
        self.to = to
        self.subject = subject
        self.body = body
        self.id = id
        self.date = date
    }

    /// Headers and body with the line ends of mail. The body is base64, so no line is too long or begins with a dot.
    var text: [UInt8] {
        let domain = from.split(separator: "@").last.map(String.init) ?? "localhost"
        var lines = [
            "From: \(from)", "To: \(to.joined(separator: ", "))", "Subject: \(Self.encoded(subject))",
            "Date: \(Self.form(date))", "Message-ID: <\(id)@\(domain)>", "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
        ]
        let letters = Array(Base64.encode(Array(body.utf8), padded: true))
        for start in stride(from: 0, to: letters.count, by: 76) {
            lines.append(String(letters[start..<min(start + 76, letters.count)]))
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    /// RFC 2047. Plain ASCII stays as it is; in all else there is room for 45 bytes in each word.
    static func encoded(_ text: String) -> String {
        let line = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        guard !line.utf8.allSatisfy({ $0 < 0x7f }) || line.utf8.count > 200 else { return line }
        var words: [String] = []
        var part = ""
        for letter in line {
            if !part.isEmpty, part.utf8.count + letter.utf8.count > 45 {
                words.append(part)
                part = ""
            }
            part.append(letter)
        }
        words.append(part)
        return words.map { "=?utf-8?B?\(Base64.encode(Array($0.utf8), padded: true))?=" }.joined(separator: "\r\n ")
    }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// RFC 5322, section 3.3, in UTC.
    static func form(_ time: Timestamp) -> String {
        let calendar = time.calendar
        let text = time.description
        let day = "\(days[calendar.weekday]), \(calendar.day) \(months[calendar.month - 1]) \(text.prefix(4))"
        return "\(day) \(text.dropFirst(11).prefix(8)) +0000"
    }
}
