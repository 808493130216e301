/// How pages look: a telephone's width and wide, by day and by night, with colours that are told apart by words too.
enum StyleSheet {
    static let text = """
        :root{color-scheme:light dark;--back:#fff;--fore:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;\
        --link:#0550ae;--ok:#116329;--warning:#7d4e00;--critical:#a40e26}
        @media(prefers-color-scheme:dark){:root{--back:#0d1117;--fore:#e6edf3;--soft:#9da7b3;--line:#3d444d;\
        --card:#161b22;--link:#79c0ff;--ok:#56d364;--warning:#e3b341;--critical:#ff9492}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--back);color:var(--fore);font:16px/1.5 system-ui,"DejaVu Sans",sans-serif;\
        overflow-wrap:anywhere}
        header,main,footer{max-width:76rem;margin:0 auto;padding:.5rem 1rem}
        header{border-bottom:1px solid var(--line)}
        nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:center}
        nav form{margin-left:auto}
        a{color:var(--link)}
        a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible,.scroll:focus-visible{\
        outline:3px solid var(--link);outline-offset:2px}
        a[aria-current]{color:var(--fore);font-weight:600}
        .skip{position:absolute;left:-99rem}.skip:focus{position:static}
        h1{font-size:1.5rem;margin:.75rem 0 .25rem}h2{font-size:1.15rem;margin:1.5rem 0 .25rem}
        .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.75rem;padding:0;list-style:none}
        .tile{border:1px solid var(--line);border-left:.4rem solid var(--line);border-radius:.4rem;background:var(--card);\
        padding:.6rem .8rem}
        .tile h2{margin:0}.tile p{margin:.2rem 0}
        .tile.ok{border-left-color:var(--ok)}.tile.warning{border-left-color:var(--warning)}
        .tile.critical,.tile.unknown{border-left-color:var(--critical)}
        .verdict{font-weight:600}.verdict.ok{color:var(--ok)}.verdict.warning{color:var(--warning)}
        .verdict.critical,.verdict.unknown{color:var(--critical)}
        .soft{color:var(--soft)}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;min-width:100%}
        th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
        th{font-weight:600;white-space:nowrap}td.number,th.number{text-align:right}
        td.time{white-space:nowrap}
        dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.15rem 1rem;margin:.5rem 0}
        dt{color:var(--soft)}dd{margin:0}
        pre{overflow-x:auto;background:var(--card);padding:.6rem}
        input,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--soft);border-radius:.3rem;\
        padding:.3rem .6rem}
        svg,img{max-width:100%;height:auto}
        .tile img{display:block;width:100%;margin-top:.3rem}
        .graph img{display:block;width:100%;min-width:36rem;max-width:47.5rem;margin:.5rem 0}
        footer{color:var(--soft);font-size:.875rem}

        """
}
