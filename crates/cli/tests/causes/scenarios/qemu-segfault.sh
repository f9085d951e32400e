#: needs go aarch64-linux-gnu-gcc qemu-aarch64-static
#: said-by qemu-aarch64-static
echo 'int main(void) { return *(volatile int *)8; }' | aarch64-linux-gnu-gcc -xc -static -o crash -
qemu-aarch64-static ./crash
