//go:build ignore

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	fmt.Fprintln(os.Stderr, "to stderr")
	b, err := os.ReadFile("/etc/hostname")
	_, err = os.Open("/no/such\"file\n")
	os.Stat("/tmp")
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	l.Close()
	f, _ := os.CreateTemp("", "x")
	f.WriteString("abc")
	f.Close()
	os.Remove(f.Name())
	syscall.Kill(syscall.Getpid(), syscall.SIGURG)
	exec.Command("/bin/true").Run()
	fmt.Println(len(b) > 0, err)
	os.Exit(3)
}
