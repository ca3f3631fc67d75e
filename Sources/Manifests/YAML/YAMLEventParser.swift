internal import CLibYAML

/// Sole owner of one `yaml_parser_t`, which stands on the heap because libyaml keeps its address in it.
///
/// Reads memory that its creator lends: the parser must not outlive `input`.
struct YAMLEventParser: ~Copyable {
    private let raw: UnsafeMutablePointer<yaml_parser_t>

    /// `nil` without memory.
    init?(borrowing input: UnsafeBufferPointer<UInt8>) {
        raw = .allocate(capacity: 1)
        raw.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(raw) == 1 else {
            raw.deinitialize(count: 1)
            raw.deallocate()
            return nil
        }
        // The bytes were checked to be UTF-8; without this, libyaml would guess UTF-16 from the first two.
        yaml_parser_set_encoding(raw, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(raw, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(raw)
        raw.deinitialize(count: 1)
        raw.deallocate()
    }

    /// Fills `event`, which the caller deletes with `yaml_event_delete`; false after an error.
    func next(_ event: inout yaml_event_t) -> Bool { yaml_parser_parse(raw, &event) == 1 }

    /// What was wrong after ``next(_:)`` answered false. libyaml's texts are constants and quote nothing.
    var problem: Problem {
        let parser = raw.pointee
        return Problem(
            text: parser.problem.map { String(cString: $0) } ?? "the parser has no memory",
            context: parser.context.map { String(cString: $0) }, mark: parser.problem_mark.index,
            contextMark: parser.context_mark.index)
    }

    /// An error of libyaml; marks count Unicode scalars from the start of its input.
    struct Problem {
        let text: String
        let context: String?
        let mark: Int
        let contextMark: Int
    }
}
