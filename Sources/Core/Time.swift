/// A moment: milliseconds since 1970-01-01T00:00:00Z. Text form is RFC 3339 in UTC with three decimals.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Milliseconds since the epoch of Unix.
    public let milliseconds: Int64

    /// From milliseconds since the epoch of Unix.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// From whole seconds since the epoch of Unix; beyond what milliseconds can count, the end of their range.
    public init(seconds: Int64) { milliseconds = seconds.multipliedSaturating(by: 1000) }

    /// For example `2026-01-31T08:15:00.000Z`.
    public var description: String {
        let (days, rest) = milliseconds.quotientAndRemainderFloor(by: 86_400_000)
        let (year, month, day) = CivilDate.from(days: days)
        let digits = String(year)
        let behind = String(unsafeUninitializedCapacity: 20) { text in
            var end = 0
            func append(_ letter: Unicode.Scalar, _ value: Int64, _ width: Int) {
                text[end] = UInt8(ascii: letter)
                var rest = value
                for place in stride(from: end + width, to: end, by: -1) {
                    text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                end += width + 1
            }
            append("-", month, 2)
            append("-", day, 2)
            append("T", rest / 3_600_000, 2)
            append(":", rest / 60_000 % 60, 2)
            append(":", rest / 1000 % 60, 2)
            append(".", rest % 1000, 3)
            text[end] = UInt8(ascii: "Z")
            return end + 1
        }
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + behind
    }

    /// By time.
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// The end of the range where it would be passed: numbers may come from a damaged store.
    package func adding(_ span: TimeSpan) -> Timestamp {
        let (sum, isOver) = milliseconds.addingReportingOverflow(span.seconds.multipliedSaturating(by: 1000))
        return Timestamp(milliseconds: isOver ? .max : sum)
    }

    /// As ``adding(_:)``.
    package func subtracting(_ span: TimeSpan) -> Timestamp {
        let (difference, isOver) = milliseconds.subtractingReportingOverflow(
            span.seconds.multipliedSaturating(by: 1000))
        return Timestamp(milliseconds: isOver ? .min : difference)
    }

    /// The minute of the calendar in UTC that this moment lies in; `weekday` counts from Sunday = 0.
    package var calendar: (minute: Int, hour: Int, day: Int, month: Int, weekday: Int) {
        let (days, rest) = milliseconds.quotientAndRemainderFloor(by: 86_400_000)
        let (_, month, day) = CivilDate.from(days: days)
        // The first day of 1970 was a Thursday.
        let (_, weekday) = (days + 4).quotientAndRemainderFloor(by: 7)
        return (Int(rest / 60_000 % 60), Int(rest / 3_600_000), Int(day), Int(month), Int(weekday))
    }

    /// Reads RFC 3339 (`2026-01-31T08:15:00Z`, fractions and offsets allowed) or a bare date (midnight UTC).
    /// `nil` for anything else, impossible dates included.
    public init?(_ text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), let days = CivilDate.days(year: year, month: month, day: day)
        else { return nil }
        var total = days * 86_400_000
        if !reader.isAtEnd {
            guard reader.skip("T") || reader.skip("t") || reader.skip(" "), let hour = reader.number(2), hour < 24,
                reader.skip(":"), let minute = reader.number(2), minute < 60, reader.skip(":"),
                let second = reader.number(2), second < 60
            else { return nil }
            total += ((hour * 60 + minute) * 60 + second) * 1000
            if reader.skip(".") {
                guard let milliseconds = reader.fraction() else { return nil }
                total += milliseconds
            }
            if !(reader.skip("Z") || reader.skip("z")) {
                let sign: Int64 = reader.skip("+") ? 1 : (reader.skip("-") ? -1 : 0)
                guard sign != 0, let hours = reader.number(2), hours < 24, reader.skip(":"),
                    let minutes = reader.number(2), minutes < 60
                else { return nil }
                total -= sign * (hours * 60 + minutes) * 60_000
            }
        }
        guard reader.isAtEnd else { return nil }
        milliseconds = total
    }
}

/// A length of time in whole seconds, written as `90d`, `7d12h`, `45s`; units `w d h m s`, each at most once and in
/// that order.
public struct TimeSpan: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Never negative.
    public let seconds: Int64

    private static let units: [(letter: UInt8, seconds: Int64)] = [
        (UInt8(ascii: "w"), 604_800), (UInt8(ascii: "d"), 86_400), (UInt8(ascii: "h"), 3600),
        (UInt8(ascii: "m"), 60), (UInt8(ascii: "s"), 1),
    ]
    package static let pattern = "^(?=[0-9])([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"

    /// From whole seconds; a negative number becomes 0.
    public init(seconds: Int64) { self.seconds = max(0, seconds) }

    /// `nil` unless `text` follows the form above and stays below 1,000 years.
    public init?(_ text: String) {
        var total: Int64 = 0
        var count: Int64 = 0
        var digits = 0
        var rank = -1
        for byte in text.utf8 {
            if (48...57).contains(byte) {
                digits += 1
                guard digits <= 9 else { return nil }
                count = count * 10 + Int64(byte - 48)
                continue
            }
            guard let unit = Self.units.firstIndex(where: { $0.letter == byte }), unit > rank, digits > 0 else {
                return nil
            }
            total += count * Self.units[unit].seconds
            (count, digits, rank) = (0, 0, unit)
        }
        guard digits == 0, rank >= 0, total <= 366_000 * 86_400 else { return nil }
        seconds = total
    }

    /// The shortest form, for example `90d` or `1h30m`.
    public var description: String {
        var rest = seconds
        var text = ""
        for unit in Self.units.dropFirst() where rest >= unit.seconds {
            text += "\(rest / unit.seconds)\(Unicode.Scalar(unit.letter))"
            rest %= unit.seconds
        }
        return text.isEmpty ? "0s" : text
    }

    /// By length.
    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.seconds < b.seconds }
}

/// Where the time comes from, so that tests can set it.
public struct WallClock: Sendable {
    /// The present moment.
    public let now: @Sendable () -> Timestamp

    /// A clock that asks `now` each time.
    public init(now: @escaping @Sendable () -> Timestamp) { self.now = now }
}

/// The proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
private enum CivilDate {
    static func days(year: Int64, month: Int64, day: Int64) -> Int64? {
        guard (1...12).contains(month), day >= 1 else { return nil }
        let leap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
        let lengths: [Int64] = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[Int(month) - 1] else { return nil }
        let y = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = y.quotientAndRemainderFloor(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func from(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientAndRemainderFloor(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted + (shifted < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func multipliedSaturating(by factor: Int64) -> Int64 {
        let (product, isOver) = multipliedReportingOverflow(by: factor)
        return isOver ? (self < 0 ? .min : .max) : product
    }

    fileprivate func quotientAndRemainderFloor(by divisor: Int64) -> (Int64, Int64) {
        let (q, r) = quotientAndRemainder(dividingBy: divisor)
        return r < 0 ? (q - 1, r + divisor) : (q, r)
    }
}

private struct DigitReader {
    private var rest: Substring.UTF8View
    init(_ text: String) { rest = Substring(text).utf8 }
    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ letter: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == letter.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ width: Int) -> Int64? {
        let digits = rest.prefix(width)
        guard digits.count == width, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        rest = rest.dropFirst(width)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// Milliseconds of a decimal fraction of 1 to 9 digits; what is finer is cut off.
    mutating func fraction() -> Int64? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard !digits.isEmpty, digits.count <= 9 else { return nil }
        rest = rest.dropFirst(digits.count)
        return (digits.prefix(3).reduce(0) { $0 * 10 + Int64($1 - 48) }) * [1, 100, 10, 1][min(3, digits.count)]
    }
}
