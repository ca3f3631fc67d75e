package import ResealCore

/// Five fields of cron in UTC: minute, hour, day of month, month, day of week (0 or 7 is Sunday; names allowed).
///
/// Each field is `*` or a list of numbers and ranges, with an optional step. As in every cron, a day fits if either of
/// the two day fields does, unless one of them is `*`.
package struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// Bit `n` is set when `n` is allowed. Weekdays are 0 (Sunday) to 6.
    package let minutes: UInt64, hours: UInt64, days: UInt64, months: UInt64, weekdays: UInt64
    private let anyDay: Bool, anyWeekday: Bool

    package init?(_ text: String) {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard parts.count == 5, let minutes = Self.bits(parts[0], 0...59), let hours = Self.bits(parts[1], 0...23),
            let days = Self.bits(parts[2], 1...31), let months = Self.bits(parts[3], 1...12, names: Self.monthNames),
            let weekdays = Self.bits(parts[4], 0...7, names: Self.weekdayNames)
        else { return nil }
        description = parts.joined(separator: " ")
        (self.minutes, self.hours, self.days, self.months) = (minutes, hours, days, months)
        self.weekdays = (weekdays | weekdays >> 7) & 0x7f
        anyDay = parts[2] == "*"
        anyWeekday = parts[4] == "*"
    }

    /// True if the minute of this date fits. `weekday` counts from Sunday = 0.
    package func matches(minute: Int, hour: Int, day: Int, month: Int, weekday: Int) -> Bool {
        Self.has(minutes, minute) && Self.has(hours, hour) && fits(day: day, month: month, weekday: weekday)
    }

    /// The first minute at or after `time` that fits; `nil` when none comes in nine years, more than lie between two
    /// leap days.
    package func next(from time: Timestamp) -> Timestamp? {
        let (minute, hour, day): (Int64, Int64, Int64) = (60_000, 3_600_000, 86_400_000)
        var at = max(0, time.milliseconds)
        at += (minute - at % minute) % minute
        let end = at + 9 * 366 * day
        while at < end {
            let date = Timestamp(milliseconds: at).calendar
            if !fits(day: date.day, month: date.month, weekday: date.weekday) {
                at += day - at % day
            } else if !Self.has(hours, date.hour) {
                at += hour - at % hour
            } else if !Self.has(minutes, date.minute) {
                at += minute
            } else {
                return Timestamp(milliseconds: at)
            }
        }
        return nil
    }

    private func fits(day: Int, month: Int, weekday: Int) -> Bool {
        let isDay = Self.has(days, day), isWeekday = Self.has(weekdays, weekday)
        return Self.has(months, month) && (anyDay || anyWeekday ? isDay && isWeekday : isDay || isWeekday)
    }

    private static func has(_ bits: UInt64, _ n: Int) -> Bool { bits >> UInt64(n) & 1 == 1 }

    /// What is wrong with `text`, or `nil`. A schedule that can never come is wrong too.
    static func problem(_ text: String) -> String? {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard parts.count == 5 else { return "has \(parts.count) fields" }
        guard let expression = CronExpression(text) else {
            return "has a field that is out of range or has no such form"
        }
        return expression.canHappen ? nil : "names a day that no month has"
    }

    private var canHappen: Bool {
        let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        if !anyDay, !anyWeekday { return true }
        return (1...12).contains { months >> UInt64($0) & 1 == 1 && days & (2 << UInt64(longest[$0 - 1]) - 1) != 0 }
    }

    private static let monthNames = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]
    private static let weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

    private static func bits(_ field: Substring, _ range: ClosedRange<Int>, names: [String] = []) -> UInt64? {
        var bits: UInt64 = 0
        for item in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var step = 1
            if halves.count == 2 {
                guard let number = number(halves[1], names: []), number > 0 else { return nil }
                step = number
            }
            guard let span = span(halves[0], range, names, isStepped: halves.count == 2) else { return nil }
            for n in stride(from: span.lowerBound, through: span.upperBound, by: step) { bits |= 1 << UInt64(n) }
        }
        return bits
    }

    private static func span(
        _ text: Substring, _ range: ClosedRange<Int>, _ names: [String], isStepped: Bool
    ) -> ClosedRange<Int>? {
        if text == "*" { return range }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let low = number(ends[0], names: names, first: range.lowerBound), range.contains(low) else { return nil }
        guard ends.count == 2 else { return low...(isStepped ? range.upperBound : low) }
        guard let high = number(ends[1], names: names, first: range.lowerBound), range.contains(high), low <= high
        else {
            return nil
        }
        return low...high
    }

    private static func number(_ text: Substring, names: [String], first: Int = 0) -> Int? {
        if let position = names.firstIndex(of: text.uppercased()) { return position + first }
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
