#: needs go
#: said-by go
go build ./...
go test
go list -m

mended() {
    go mod init example.com/name
    echo 'package name' >name.go
    go build ./...
}
