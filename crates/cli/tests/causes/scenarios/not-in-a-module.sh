#: needs go
#: said-by go
go build ./...
go test
go list -m
