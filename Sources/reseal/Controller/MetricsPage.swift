/// One page in Prometheus's text format.
struct MetricsPage {
    typealias Sample = (labels: [(String, String)], value: Double)
    enum Kind: String { case counter, gauge }

    private(set) var text = ""

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        text += samples.map { "\(name)\(Self.form($0.labels)) \(Self.number($0.value))\n" }.sorted().joined()
    }

    mutating func add(_ name: String, _ help: String, _ samples: [(labels: [(String, String)], value: Histogram)]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        for (labels, histogram) in samples.sorted(by: { Self.form($0.labels) < Self.form($1.labels) }) {
            for (bound, count) in zip(Histogram.bounds.map(Self.number) + ["+Inf"], histogram.cumulative) {
                text += "\(name)_bucket\(Self.form(labels + [("le", bound)])) \(count)\n"
            }
            text += "\(name)_sum\(Self.form(labels)) \(Self.number(histogram.sum))\n"
            text += "\(name)_count\(Self.form(labels)) \(histogram.cumulative.last ?? 0)\n"
        }
    }

    private static func form(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { out, letter in
            switch letter {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(letter)
            }
        }
    }
}

/// Counts of times, in seconds.
struct Histogram: Sendable {
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120]
    private(set) var sum = 0.0
    private var counts = [Int](repeating: 0, count: bounds.count + 1)

    mutating func add(_ seconds: Double) {
        sum += seconds
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    }

    /// For each bound, and for none, how many were not longer.
    var cumulative: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }
}
