import Logging
import Synchronization
import TestSupport
import Testing
import Wire

@testable import HTTP

@Suite("Routes")
struct RouterTests {
    private struct Broken: Error {}

    private static func router(_ observer: Router.Observer? = nil) -> Router {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        var router = Router(logger: logger, observer: observer)
        router.get("/") { _ in Response(type: Response.plainText, "root") }
        router.get("/pops/{name}") { call in Response(type: Response.plainText, "pop \(call["name"])") }
        router.get("/pops/{name}/live") { call in Response(type: Response.plainText, "live \(call["name"])") }
        router.get("/login") { _ in Response(type: Response.plainText, "form") }
        router.post("/login") { call in
            Response(type: Response.plainText, "hello \(try call.request.form()["name"] ?? "nobody")")
        }
        router.get("/broken") { _ in throw Broken() }
        router.get("/refused") { _ in throw Refusal(.forbidden, "not you") }
        return router
    }

    // swift-format-ignore
    static let rows: [Row<(String, String), (Int, String)>] = [
        Row("the root",              ("GET", "/"),                  is: (200, "root")),
        Row("a parameter",           ("GET", "/pops/chtst01"),      is: (200, "pop chtst01")),
        Row("one with a slash",      ("GET", "/pops/a%2Flive"),     is: (200, "pop a/live")),
        Row("one that is deeper",    ("GET", "/pops/a/live"),       is: (200, "live a")),
        Row("an empty one",          ("GET", "/pops/"),             is: (404, "404 Not Found: there is nothing at this address\n")),
        Row("a path upwards",        ("GET", "/pops/../login"),     is: (404, "404 Not Found: there is nothing at this address\n")),
        Row("nothing",               ("GET", "/nothing"),           is: (404, "404 Not Found: there is nothing at this address\n")),
        Row("nothing to be changed", ("POST", "/nothing"),          is: (404, "404 Not Found: there is nothing at this address\n")),
        Row("a head",                ("HEAD", "/"),                 is: (200, "root")),
        Row("a wrong method",        ("POST", "/"),                 is: (405, "405 Method Not Allowed: this address answers GET, HEAD\n")),
        Row("one of three",          ("DELETE", "/login"),          is: (405, "405 Method Not Allowed: this address answers GET, HEAD, POST\n")),
        Row("no form",               ("POST", "/login"),            is: (400, "400 Bad Request: a form was expected\n")),
        Row("a fault of ours",       ("GET", "/broken"),            is: (500, "500 Internal Server Error: the log of the server says why\n")),
        Row("a refusal",             ("GET", "/refused"),           is: (403, "403 Forbidden: not you\n")),
    ]

    @Test(arguments: Self.rows)
    func answers(_ row: Row<(String, String), (Int, String)>) async throws {
        let request = Request(method: row.input.0, target: try RequestTarget(parsing: row.input.1))

        let response = await Self.router().respond(to: request)

        #expect(response.status.rawValue == row.output.0)
        #expect(String(decoding: response.body, as: UTF8.self) == row.output.1)
        #expect((response.header("allow") != nil) == (response.status == .methodNotAllowed))
    }

    @Test func readsForms() async throws {
        let request = Request(
            method: "POST",
            target: try RequestTarget(parsing: "/login"),
            headers: [(name: "content-type", value: "application/x-www-form-urlencoded; charset=UTF-8")],
            body: Array("name=J%C3%B6rg".utf8)
        )

        let response = await Self.router().respond(to: request)

        #expect(String(decoding: response.body, as: UTF8.self) == "hello Jörg")
    }

    @Test func isCountedByPatternsAndNeverByPaths() async throws {
        let seen = Mutex<[String]>([])
        let observed = Mutex<[String]>([])
        let router = Self.router { pattern, status, _ in
            observed.withLock { $0.append("\(pattern) \(status.rawValue)") }
        }

        for path in ["/pops/chtst01", "/x/y/z", "/broken"] {
            _ = await router.respond(to: Request(method: "GET", target: try RequestTarget(parsing: path)))
        }

        seen.withLock { $0 = observed.withLock { $0 } }
        #expect(seen.withLock { $0 } == ["/pops/{name} 200", "none 404", "/broken 500"])
    }

    @Test func findsHeadersAndCookies() throws {
        let request = Request(
            method: "GET",
            target: try RequestTarget(parsing: "/"),
            headers: [
                (name: "cookie", value: "a=b"), (name: "cookie", value: "session=c"), (name: "x", value: "1"),
            ]
        )

        #expect(request.header("x") == "1")
        #expect(request.header("y") == nil)
        #expect(request.cookie("session") == "c")
        #expect(request.cookie("none") == nil)
    }
}
