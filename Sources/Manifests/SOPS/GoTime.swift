/// A time as Go's YAML library reads it, in the one form that Go writes.
struct GoTime {
    /// RFC 3339 with the offset that it was written with, and as many decimals as it needs.
    let text: String
    /// The same without decimals, as SOPS binds the MAC to the time of the last change.
    let wholeSeconds: String

    /// Four digits of a year and one or two of everything else: a date, a date and time without zone behind a space, or
    /// a date and time with zone behind `T`. `nil` for anything else, impossible dates included.
    init?(yaml text: String) {
        var reader = Reader(rest: Substring(text).utf8)
        guard let year = reader.digits(4...4), reader.take("-"), let month = reader.digits(1...2), reader.take("-"),
            let day = reader.digits(1...2), Self.isDate(year, month, day)
        else { return nil }
        let date = "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(day, 2))"
        guard !reader.rest.isEmpty else {
            wholeSeconds = date + "T00:00:00Z"
            self.text = wholeSeconds
            return
        }
        let hasZone = reader.take("T") || reader.take("t")
        guard hasZone || reader.take(" "), let hour = reader.digits(1...2), hour < 24, reader.take(":"),
            let minute = reader.digits(1...2), minute < 60, reader.take(":"), let second = reader.digits(1...2),
            second < 60
        else { return nil }
        guard let fraction = reader.fraction(), let zone = hasZone ? reader.zone() : "Z", reader.rest.isEmpty else {
            return nil
        }
        let time = "\(date)T\(Self.pad(hour, 2)):\(Self.pad(minute, 2)):\(Self.pad(second, 2))"
        self.text = time + fraction + zone
        wholeSeconds = time + zone
    }

    private static func isDate(_ year: Int, _ month: Int, _ day: Int) -> Bool {
        let isLeap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private struct Reader {
        var rest: Substring.UTF8View

        mutating func take(_ letter: Unicode.Scalar) -> Bool {
            guard let first = rest.first, UInt32(first) == letter.value else { return false }
            rest.removeFirst()
            return true
        }

        mutating func digits(_ width: ClosedRange<Int>) -> Int? {
            let run = rest.prefix(width.upperBound).prefix { (0x30...0x39).contains($0) }
            guard width.contains(run.count) else { return nil }
            rest = rest.dropFirst(run.count)
            return run.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        /// The decimals with their point, without zeros at the end; empty if there are none. Go keeps nine.
        mutating func fraction() -> String? {
            guard take(".") || take(",") else { return "" }
            let run = rest.prefix { (0x30...0x39).contains($0) }
            guard !run.isEmpty else { return nil }
            rest = rest.dropFirst(run.count)
            var kept = String(Substring(run.prefix(9)))
            while kept.hasSuffix("0") { kept.removeLast() }
            return kept.isEmpty ? "" : "." + kept
        }

        mutating func zone() -> String? {
            if take("Z") { return "Z" }
            let sign = take("+") ? "+" : take("-") ? "-" : ""
            guard !sign.isEmpty, let hours = digits(2...2), take(":"), let minutes = digits(2...2), hours <= 24,
                minutes < 60
            else { return nil }
            return hours == 0 && minutes == 0 ? "Z" : "\(sign)\(GoTime.pad(hours, 2)):\(GoTime.pad(minutes, 2))"
        }
    }
}
