/// What a pattern says, before it becomes a program.
indirect enum PatternTree {
    case empty
    case scalar(ScalarClass)
    case assert(LinearPattern.Assertion)
    case sequence([PatternTree])
    case choice([PatternTree])
    /// `maximum` is `nil` for no end.
    case repetition(PatternTree, minimum: Int, maximum: Int?)
}

/// Turns a tree into a program, repetitions written out.
struct PatternCompiler {
    private var program: [LinearPattern.Instruction] = []

    mutating func compile(_ tree: PatternTree) throws(ManifestFailure) -> [LinearPattern.Instruction] {
        try emit(tree)
        try append(.match)
        return program
    }

    private mutating func append(_ instruction: LinearPattern.Instruction) throws(ManifestFailure) {
        guard program.count < LinearPattern.maximumInstructions else {
            throw .pattern("it is too large; repetitions count as if they were written out")
        }
        program.append(instruction)
    }

    private mutating func emit(_ tree: PatternTree) throws(ManifestFailure) {
        switch tree {
        case .empty: break
        case .scalar(let set): try append(.scalar(set))
        case .assert(let assertion): try append(.assert(assertion))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .choice(let options): try choice(options[...])
        case .repetition(let part, let minimum, let maximum): try repetition(part, minimum, maximum)
        }
    }

    private mutating func choice(_ options: ArraySlice<PatternTree>) throws(ManifestFailure) {
        guard let first = options.first else { return }
        guard options.count > 1 else { return try emit(first) }
        let split = program.count
        try append(.jump(0))
        try emit(first)
        let jump = program.count
        try append(.jump(0))
        program[split] = .split(split + 1, program.count)
        try choice(options.dropFirst())
        program[jump] = .jump(program.count)
    }

    private mutating func repetition(
        _ part: PatternTree, _ minimum: Int, _ maximum: Int?
    ) throws(ManifestFailure) {
        for _ in 0..<minimum { try emit(part) }
        guard let maximum else {
            let start = program.count
            try append(.jump(0))
            try emit(part)
            try append(.jump(start))
            program[start] = .split(start + 1, program.count)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<max(minimum, maximum) {
            splits.append(program.count)
            try append(.jump(0))
            try emit(part)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }
}
