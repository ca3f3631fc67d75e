internal import CLibFuzzer
internal import Glibc

// Runs libFuzzer on the parser that RESEAL_FUZZ_TARGET names; scripts/fuzz builds and calls it. All arguments are
// libFuzzer's. It starts itself anew for some of them, so the name of the target comes in the environment.

guard Target.chosen != nil else {
    let names = Target.allCases.map(\.rawValue).joined(separator: ", ")
    let message = Array("RESEAL_FUZZ_TARGET must name one of \(names)\n".utf8)
    write(2, message, message.count)
    exit(64)
}
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    Target.chosen?.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
exit(status)
