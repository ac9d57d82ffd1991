module forebay.example/compat/pacer

go 1.25.0
