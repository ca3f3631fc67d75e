internal import Glibc

// reseal-benchmarks generate COUNT FOLDER   a Git repository with COUNT sealed secrets, its identity and a vault home
// reseal-benchmarks floor COUNT             the raw crypto and SQLite time that any implementation has to spend

let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, arguments.dropFirst().first.flatMap { Int($0) }, arguments.dropFirst(2).first) {
case ("generate", let count?, let folder?): try SampleRepository(count: count, folder: folder).write()
case ("floor", let count?, nil): try Floor(count: count).report()
default:
    print("usage: reseal-benchmarks generate COUNT FOLDER | floor COUNT")
    exit(64)
}
