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
        let scalars = Array(text.unicodeScalars)
        var current = StateSet(count: program.count)
        var next = StateSet(count: program.count)
        for position in 0...scalars.count {
            // A match may begin anywhere.
            guard !add(0, to: &current, scalars, position) else { return true }
            guard position < scalars.count else { return false }
            next.removeAll()
            for state in current.states {
                guard case .scalar(let set) = program[state], set.contains(scalars[position]) else { continue }
                if add(state + 1, to: &next, scalars, position + 1) { return true }
            }
            swap(&current, &next)
        }
        return false
    }

    /// Adds a state and all that follow without taking a character; true if the end of the pattern is among them.
    private func add(_ state: Int, to set: inout StateSet, _ scalars: [Unicode.Scalar], _ position: Int) -> Bool {
        var pending = [state]
        while let state = pending.popLast() {
            guard set.insert(state) else { continue }
            switch program[state] {
            case .match: return true
            case .scalar: break
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .assert(let assertion):
                if holds(assertion, scalars, position) { pending.append(state + 1) }
            }
        }
        return false
    }

    private func holds(_ assertion: Assertion, _ scalars: [Unicode.Scalar], _ position: Int) -> Bool {
        func isWord(_ index: Int) -> Bool { scalars.indices.contains(index) && ScalarClass.word.contains(scalars[index]) }
        switch assertion {
        case .textStart: return position == 0
        case .textEnd: return position == scalars.count
        case .lineStart: return position == 0 || scalars[position - 1] == "\n"
        case .lineEnd: return position == scalars.count || scalars[position] == "\n"
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
