import Foundation
import ResealCore
import TestSupport
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
    ])
    func writesAndReadsKnownMoments(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    /// Beyond what RFC 3339 can say: numbers may come from a damaged store.
    @Test func writesMomentsOutOfItsForm() {
        #expect(Timestamp(milliseconds: 253_402_300_800_000).description == "10000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [
        ("2026-01-31T08:15:00Z", "2026-01-31T08:15:00.000Z"),
        ("2026-01-31t08:15:00z", "2026-01-31T08:15:00.000Z"),
        ("2026-01-31 08:15:00Z", "2026-01-31T08:15:00.000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T08:15:00.5Z", "2026-01-31T08:15:00.500Z"),
        ("2026-01-31T08:15:00.05Z", "2026-01-31T08:15:00.050Z"),
        ("2026-01-31T08:15:00.123456789Z", "2026-01-31T08:15:00.123Z"),
        ("2026-01-31T08:15:00+02:00", "2026-01-31T06:15:00.000Z"),
        ("2026-01-31T23:15:00-05:30", "2026-02-01T04:45:00.000Z"),
        ("2026-01-01T00:00:00+00:01", "2025-12-31T23:59:00.000Z"),
        ("2026-01-31T08:15:00-00:00", "2026-01-31T08:15:00.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"),
    ])
    func readsEveryFormOfRFC3339(text: String, same: String) {
        #expect(Timestamp(text)?.description == same)
    }

    @Test(arguments: [
        "", "2026", "2026-1-31", "2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32", "2026-04-31", "2025-02-29",
        "2100-02-29", "1900-02-29", "2026-01-31T", "2026-01-31T24:00:00Z", "2026-01-31T08:60:00Z",
        "2026-01-31T08:15:60Z", "2026-01-31T08:15Z", "2026-01-31T08:15:00", "2026-01-31T08:15:00.Z",
        "2026-01-31T08:15:00.1234567890Z", "2026-01-31T08:15:00+2:00", "2026-01-31T08:15:00+24:00",
        "2026-01-31T08:15:00+02:60", "2026-01-31T08:15:00+0200", "2026-01-31T08:15:00ZZ", "2026-01-31T08:15:00Z ",
        " 2026-01-31", "-026-01-31", "+2026-01-31", "２０２６-01-31", "2026-01-31T08:15:00Z\0",
    ])
    func refusesImpossibleDatesAndOtherForms(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func roundTripsOverTenThousandYears() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let moment = Timestamp(
                milliseconds: Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &random))
            #expect(Timestamp(moment.description) == moment)
        }
    }

    @Test func agreesWithFoundation() throws {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        var random = SeededGenerator(seed: 2)
        for _ in 0..<500 {
            let moment = Timestamp(
                milliseconds: Int64.random(in: -11_000_000_000_000...253_402_300_799_999, using: &random))
            let date = Date(timeIntervalSince1970: Double(moment.milliseconds / 1000))
            let whole = Timestamp(seconds: moment.milliseconds / 1000)
            #expect(formatter.string(from: date) == whole.description)
        }
    }

    @Test func ordersAndAdds() throws {
        let day = try #require(Timestamp("2024-02-28"))
        let span = try #require(TimeSpan("1d12h"))
        #expect(day.adding(span).description == "2024-02-29T12:00:00.000Z")
        #expect(day.adding(span).subtracting(span) == day)
        #expect(day < day.adding(TimeSpan(seconds: 1)))
    }

    @Test func staysWithinItsRange() {
        let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
        for span in [TimeSpan(seconds: 1), TimeSpan(seconds: .max)] {
            #expect(last.adding(span) == last && first.subtracting(span) == first)
        }
        #expect(Timestamp(seconds: .max) == last && Timestamp(seconds: .min) == first)
        for end in [first, last] { #expect(end.description.hasSuffix("Z")) }
    }
}

@Suite struct TimeSpanTests {
    @Test(arguments: [
        ("0s", 0), ("45s", 45), ("90d", 7_776_000), ("7d12h", 648_000), ("1w2d3h4m5s", 788_645), ("2w", 1_209_600),
        ("007d", 604_800), ("366000d", 31_622_400_000),
    ])
    func readsUnitsInOrder(text: String, seconds: Int64) {
        #expect(TimeSpan(text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "d", "10", "1.5d", "-1d", "+1d", "1D", "1y", "1d1d", "1h1d", "1d ", " 1d", "1d5", "366001d", "9999999999s",
        "٣d", "1ｄ", "1d\0",
    ])
    func refusesOtherForms(text: String) {
        #expect(TimeSpan(text) == nil)
    }

    @Test func writesTheShortestFormThatReadsBack() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let span = TimeSpan(seconds: Int64.random(in: 0...31_622_400_000, using: &random))
            #expect(TimeSpan(span.description) == span)
        }
        #expect(TimeSpan(seconds: 5400).description == "1h30m")
        #expect(TimeSpan(seconds: -5).description == "0s")
        #expect(TimeSpan(seconds: 59) < TimeSpan(seconds: 60))
    }

    @Test(arguments: ["", "d", "1d", "1d1d", "1h1d", "1w2d3h4m5s", "5", "x1d", "1dx"])
    func patternForJSONSchemaSaysTheSame(text: String) throws {
        let pattern = try NSRegularExpression(pattern: TimeSpan.pattern)
        let isMatch = pattern.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
        #expect(isMatch == (TimeSpan(text) != nil))
    }
}
