#: needs go gcc as ld
#: said-by gcc
cgo_module 'static int work(void) { return 1; }'
PATH=$(only go gcc) CGO_ENABLED=1 go build -o app .
echo 'int main(void) { return 0; }' | PATH=$(only gcc as) gcc -xc -

mended() { CGO_ENABLED=1 go build -o app .; }
