/// A regular expression in the syntax of RE2, which Go and therefore SOPS use, matched in time proportional to the
/// product of both lengths.
///
/// Patterns come from pull requests: a matcher that tries alternatives one after the other could be kept busy for hours
/// by a short one. All states are followed at once instead. Left out of RE2's syntax are Unicode scripts (`\p{Greek}`).
package struct LinearPattern: Sendable {
    /// Bounds on what a pattern may cost.
    package static let maximumBytes = 2000
    static let maximumInstructions = 2000

    enum Instruction: Sendable {
        case scalar(ScalarClass)
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        case match
    }

    enum Assertion: Sendable { case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary }

    /// As it was written.
    package let source: String
    private let program: [Instruction]

    /// Throws ``ManifestFailure/Kind/pattern``.
    package init(_ source: String) throws(ManifestFailure) {
        self.source = source
        guard source.utf8.count <= Self.maximumBytes else {
            throw .pattern("it is longer than \(Self.maximumBytes) bytes")
        }
        var parser = PatternParser(source)
        var compiler = PatternCompiler()
        program = try compiler.compile(try parser.parse())
    }

    /// Steps that matching a text of so many bytes can take at most.
    package func cost(ofBytes count: Int) -> Int { (count + 1) * program.count }

    /// True if some part of `text` fits.
    package func matches(_ text: String) -> Bool {
        var match = PatternMatch(program: program, text: Array(text.unicodeScalars))
        return match.run()
    }
}

/// One text on its way through a program.
private struct PatternMatch {
    let program: [LinearPattern.Instruction]
    let text: [Unicode.Scalar]
    private var current: StateSet
    private var next: StateSet
    /// Kept from step to step, so that none allocates.
    private var pending: [Int] = []

    init(program: [LinearPattern.Instruction], text: [Unicode.Scalar]) {
        self.program = program
        self.text = text
        current = StateSet(count: program.count)
        next = StateSet(count: program.count)
    }

    mutating func run() -> Bool {
        for position in 0...text.count {
            // A match may begin anywhere.
            if add(0, at: position) { return true }
            swap(&current, &next)
            next.removeAll()
            guard position < text.count else { return false }
            for state in current.states {
                guard case .scalar(let set) = program[state], set.contains(text[position]) else { continue }
                if add(state + 1, at: position + 1) { return true }
            }
        }
        return false
    }

    /// Adds a state to the next ones, and all that follow without taking a character; true if the end of the pattern is
    /// among them.
    private mutating func add(_ state: Int, at position: Int) -> Bool {
        pending.append(state)
        while let state = pending.popLast() {
            guard next.insert(state) else { continue }
            switch program[state] {
            case .match: return true
            case .scalar: break
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .assert(let assertion):
                if holds(assertion, at: position) { pending.append(state + 1) }
            }
        }
        return false
    }

    private func holds(_ assertion: LinearPattern.Assertion, at position: Int) -> Bool {
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ScalarClass.word.contains(text[index]) }
        switch assertion {
        case .textStart: return position == 0
        case .textEnd: return position == text.count
        case .lineStart: return position == 0 || text[position - 1] == "\n"
        case .lineEnd: return position == text.count || text[position] == "\n"
        case .wordBoundary: return isWord(position - 1) != isWord(position)
        case .noWordBoundary: return isWord(position - 1) == isWord(position)
        }
    }

    /// States in the order of their arrival, each once.
    private struct StateSet {
        private(set) var states: [Int] = []
        private var isIn: [Bool]

        init(count: Int) { isIn = [Bool](repeating: false, count: count) }

        mutating func insert(_ state: Int) -> Bool {
            guard !isIn[state] else { return false }
            isIn[state] = true
            states.append(state)
            return true
        }

        mutating func removeAll() {
            for state in states { isIn[state] = false }
            states.removeAll(keepingCapacity: true)
        }
    }
}

extension ManifestFailure {
    static func pattern(_ problem: String) -> ManifestFailure {
        ManifestFailure(
            .pattern, "this is no regular expression: \(problem)",
            hint: "the syntax is that of RE2, as in SOPS: github.com/google/re2/wiki/Syntax")
    }
}
