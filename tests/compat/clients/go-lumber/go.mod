module forebay.example/compat/go-lumber

go 1.25.0

require (
	forebay.example/compat/pacer v0.0.0
	github.com/elastic/go-lumber v0.1.0
)

require github.com/klauspost/compress v1.20.3 // indirect

replace forebay.example/compat/pacer => ../../pacer
