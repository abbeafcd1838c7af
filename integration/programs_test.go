package integration

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The filter of system calls and Landlock take nothing away that people's
// programs need. Each of these is the host's own, in a jail that has the host's
// /usr; each does there what it is for.
func TestProgramsRun(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	i.head = fmt.Sprintf(`[defaults]
env = { GOROOT = "/goroot", GOTOOLCHAIN = "local", CGO_ENABLED = "0" }
mounts = [{ source = %q, target = "/goroot" }]
`, strings.TrimSpace(string(goroot)))
	i.withHostsPrograms()
	i.start()
	for name, p := range programs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := i.ssh("alice", "--", "set -e; mkdir "+name+"; cd "+name+"; "+p.script)
			if o.code != 0 || strings.TrimSpace(o.out) != p.want {
				t.Errorf("status %d: got\n%s\nwant\n%s\n%s", o.code, o.out, p.want, o.err)
			}
		})
	}
}

// withHostsPrograms gives an instance a template of the host's own programs.
func (i *instance) withHostsPrograms() {
	i.t.Helper()
	i.templates = filepath.Join(i.dir, "templates")
	i.writeServer()
	i.writeUsers()
	o := runCommand(i.t, nil, command(i.t, program("jailsh"), "template", "build", "basic", "--host", "--config", i.file))
	if o.code != 0 {
		i.t.Fatal(o.err)
	}
}

type script struct{ script, want string }

func programs() map[string]script {
	return map[string]script{
		"bash":      {bashScript, "3 here a b done\n143"},
		"coreutils": {coreutilsScript, "1\nhard\nmoved\n5\nfifo\na\nb"},
		"procfs":    {`ps -o comm= -p $$; free | grep -c Mem; top -bn1 | grep -q bash; grep -c ^processor /proc/cpuinfo >x; test -s x`, "bash\n1"},
		"vim":       {vimScript, "one\ntwo\nkept"},
		"tmux":      {`tmux -L t new -d "echo in >out; tmux -L t wait -S w; sleep 100"; tmux -L t wait w; cat out; tmux -L t ls -F '#W' | wc -l; tmux -L t kill-server`, "in\n1"},
		"git":       {gitScript, "second\nfirst\nnothing to commit"},
		"python":    {"cat >p.py <<'END'\n" + pythonScript + "END\npython3 p.py", "unix\nabstract\ntcp\n6\n[1, 4, 9]\nlinked\n127.0.0.1\nterminal"},
		"node":      {"cat >n.js <<'END'\n" + nodeScript + "END\nnode n.js", "file\nchild\nthread\nnet"},
		"go":        {goScript, "built"},
		"gdb":       {gdbScript, "Breakpoint 1\nhello\nexited\nattached"},
		"strace":    {`strace -f -s 99 -o out sh -c 'echo hello; (exit 3)' >x || true; grep -o 'write(1, "hello\\n", 6) *= 6' out | tr -s ' '; grep -q 'exited with 3' out; strace -c true 2>&1 | grep -c execve`, "write(1, \"hello\\n\", 6) = 6\n1"},
		"rsync":     {`mkdir -p a/b; echo x >a/b/f; ln a/b/f a/g; ln -s g a/l; rsync -aH a/ c; cat c/g; stat -c %h c/b/f; readlink c/l; rsync -aHi a/ c`, "x\n2\ng"},
	}
}

const bashScript = `
echo -n "$((1+2)) "
cat <<END | tr '\n' ' '
here
END
paste <(echo a) <(echo b) | tr '\t' ' ' | tr '\n' ' '
echo done >/dev/stdout
echo lost >/dev/null 2>/dev/fd/2
set -m
sleep 1000 &
kill %1
wait %1 || echo $?`

// Among others renames and links from one folder to another, and truncation.
const coreutilsScript = `
mkdir -p a/b c
echo hard >a/b/f; ln a/b/f c/hard; stat -c %h a/b/f | grep -c 2
cat c/hard
mv a/b c/; echo moved >c/b/f; cat c/b/f
truncate -s 5 c/b/f; stat -c %s c/b/f
mkfifo p; echo fifo >p & cat p; wait
cp -a c d; install -m 700 d/b/f e; shred -u e; dd if=/dev/zero of=/dev/null count=9 status=none
seq 9 | sort -R -T /tmp | tee /dev/full 2>/dev/null | wc -l >/dev/null || true
split -l 1 - part. <<END
a
b
END
rm -r c d a; cat part.a?; nproc >x; df . >x; timeout 5 stdbuf -oL true; nohup true 2>x`

// With a swap file, which is made, renamed and removed, and a backup; then one
// that is left by a crash.
const vimScript = `
printf 'one\n' >f
vim -Nu NONE -es -c 'set backup swapfile' -c 'normal otwo' -c 'wq' f
cat f; test -e f~
vim -Nu NONE -es -c 'set swapfile' -c 'normal okept' -c 'preserve' -c '!kill -9 $PPID' f 2>x || true
vim -Nu NONE -es -r f -c 'w! g' -c 'q!'; tail -n 1 g`

const gitScript = `
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q r; cd r
echo 1 >f; git add f; git commit -qm first; echo 2 >>f; git commit -qam second
git gc -q; git clone -q . ../c; cd ../c; git log --format=%s; git worktree add -q ../w; git fsck --strict >x 2>&1; rm x
git mv f g; git reset -q --hard; git status | tail -n 1 | cut -d, -f1`

// Sockets of each kind, processes and threads that share memory, a file without
// a name that gets one, names by libc, a terminal of its own.
const pythonScript = `
import asyncio, multiprocessing, os, pty, socket, tempfile, threading

def answered(family, address, what):
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    def answer():
        c, _ = server.accept()
        c.sendall(what.encode())
        c.close()
    threading.Thread(target=answer).start()
    client = socket.socket(family)
    client.connect(server.getsockname())
    print(client.recv(99).decode())

def square(n): return n * n

if __name__ == "__main__":
    answered(socket.AF_UNIX, "s", "unix")
    answered(socket.AF_UNIX, "\0jailsh-programs", "abstract")
    answered(socket.AF_INET, ("127.0.0.1", 0), "tcp")
    v = multiprocessing.Value("i", 0)
    def add():
        with v.get_lock(): v.value += 2
    ps = [multiprocessing.Process(target=add) for _ in range(3)]
    [p.start() for p in ps]; [p.join() for p in ps]
    print(v.value)
    with multiprocessing.Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
    fd = os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600)
    os.write(fd, b"linked\n")
    os.link("/proc/self/fd/%d" % fd, "named", src_dir_fd=0)
    print(open("named").read(), end="")
    tempfile.TemporaryFile().write(b"x")
    async def name(): return await asyncio.get_running_loop().getaddrinfo("localhost", 80, family=socket.AF_INET, type=socket.SOCK_STREAM)
    print(asyncio.run(name())[0][4][0], flush=True)
    assert os.waitstatus_to_exitcode(pty.spawn(["sh", "-c", "test -t 0 && echo terminal"])) == 0
`

const nodeScript = `
const fs = require("fs"), net = require("net"), { execFileSync } = require("child_process"), { Worker } = require("worker_threads");
(async () => {
  await fs.promises.mkdir("a"); await fs.promises.writeFile("a/f", "file\n"); await fs.promises.rename("a/f", "f");
  process.stdout.write(await fs.promises.readFile("f"));
  process.stdout.write(execFileSync("echo", ["child"]));
  await new Promise(done => new Worker('require("worker_threads").parentPort.postMessage("thread")', { eval: true }).on("message", m => { console.log(m); done(); }));
  const server = net.createServer(c => c.end("net\n")).listen("sock", () => net.connect("sock").on("data", d => { process.stdout.write(d); server.close(); }));
})();
`

const goScript = `
cat >main.go <<'END'
package main
func main() { println("built") }
END
/goroot/bin/go build -o p main.go
./p 2>&1`

// A breakpoint is written into the program's memory. Where Yama lets only
// parents trace, nobody can attach; that isn't the jail's doing.
const gdbScript = `
gdb -q -nx -batch -ex 'set breakpoint pending on' -ex 'break exit' -ex run -ex 'x/i $pc' -ex continue --args /bin/echo hello >out 2>err
grep -o '^Breakpoint 1' out | tail -n 1; grep hello out; grep -o 'exited' out
! grep -i 'randomization\|warning.*ptrace' err
sleep 1000 & pid=$!
if [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]; then
  gdb -q -nx -batch -p $pid -ex 'info registers' -ex detach >out 2>&1; grep -q '^pc\|^rip' out && echo attached
else echo attached; fi
kill $pid`
