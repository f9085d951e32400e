#: needs go mips64el-linux-gnuabi64-gcc qemu-mips64el-static
#: said-by qemu-mips64el-static
# A program of release 6 on a machine of release 2.
echo 'void __start(void) { __asm__ volatile("li $2, 5058; li $4, 0; syscall"); }' |
    mips64el-linux-gnuabi64-gcc -march=mips64r6 -nostdlib -static -xc -o app -
qemu-mips64el-static -cpu 5KEf ./app

mended() {
    echo 'void __start(void) { __asm__ volatile("li $2, 5058; li $4, 0; syscall"); }' |
        mips64el-linux-gnuabi64-gcc -march=mips64r2 -nostdlib -static -xc -o app -
    qemu-mips64el-static -cpu 5KEf ./app
}
