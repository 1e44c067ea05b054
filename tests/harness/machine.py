"""A Debian machine of its own: systemd as its first process, its own files, processes and network; nothing of it stays.

Its files are those of the Debian packages named, and of what these depend on, as they are installed here: what a package
forgets to depend on is not there. The tree is made of hard links below an overlay, so nothing that is written in it reaches this
machine. Needs root, namespaces and overlayfs: `why_not()` says what is missing.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from harness.keeper import keep
from harness.wait import wait_until

DPKG = pathlib.Path("/var/lib/dpkg")
CGROUPS = pathlib.Path("/sys/fs/cgroup")
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

# Runs as the first process of new namespaces: $1 is the machine's folder.
_BOOT = r"""
set -e
mount --make-rprivate /
root=$1/root
mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -o bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
for folder in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$root/$folder"; done
chmod 1777 "$root/tmp"
for device in null zero full random urandom tty; do touch "$root/dev/$device"; mount -o bind "/dev/$device" "$root/dev/$device"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd" "$root/sys/fs/cgroup/unified"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
hostname machine
exec env -i container=vedette-test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /lib/systemd/systemd --system --unit=basic.target --show-status=no
"""


def why_not() -> str:
    """What stands in the way of such a machine here; empty: nothing."""
    if os.geteuid() != 0:
        return "a machine of its own needs root"
    if not pathlib.Path("/lib/systemd/systemd").exists() or not (DPKG / "status").exists():
        return "this is no Debian with systemd's package"
    probe = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/l /mnt/u /mnt/w && mount -t overlay overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w /mnt/l"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "sh", "-c", probe], capture_output=True, text=True)
    return f"no namespaces with overlayfs here: {tried.stderr.strip()}" if tried.returncode else ""


def _stanzas() -> dict[str, dict[str, str]]:
    """What is installed here, by name."""
    found = {}
    for text in (DPKG / "status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*(?:\n .*)*)", text, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields | {"text": text}
    return found


def _names(relation: str) -> list[list[str]]:
    """The alternatives of each dependency, without versions and architectures."""
    return [[re.split(r"[\s(:\[]", one.strip())[0] for one in group.split("|")] for group in relation.replace("\n", " ").split(",") if group.strip()]


def needed(depends: str) -> dict[str, dict[str, str]]:
    """Debian's base, systemd, and all that `depends` (as in a control file) brings along."""
    installed = _stanzas()
    providers: dict[str, str] = {}
    for name, fields in installed.items():
        for group in _names(fields.get("Provides", "")):
            providers.setdefault(group[0], name)
    todo = [[name] for name, fields in installed.items() if fields.get("Essential") == "yes"] + [["systemd"], ["passwd"]] + _names(depends)
    closure: dict[str, dict[str, str]] = {}
    while todo:
        alternatives = todo.pop()
        name = next((name if name in installed else providers[name] for name in alternatives if name in installed or name in providers), None)
        assert name, f"none of {alternatives} is installed here"
        if name not in closure:
            closure[name] = installed[name]
            todo += _names(installed[name].get("Depends", "")) + _names(installed[name].get("Pre-Depends", ""))
    return closure


def _link(source: pathlib.Path, target: pathlib.Path) -> None:
    if target.is_symlink() or target.exists():
        return
    if source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.readlink(source))
    elif source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(source.stat().st_mode & 0o7777)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)


class Machine:
    def __init__(self, depends: str):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-machine-"))
        self.root, self.upper = self.folder / "root", self.folder / "upper"
        for name in ("root", "lower", "upper", "work"):
            (self.folder / name).mkdir()
            (self.folder / name).chmod(0o755)
        self.folder.chmod(0o755)
        self.cgroups: list[pathlib.Path] = []
        self.process: subprocess.Popen | None = None
        self._furnish(needed(depends))

    def _furnish(self, packages: dict[str, dict[str, str]]) -> None:
        lower = self.folder / "lower"
        for name in MERGED:
            if pathlib.Path("/", name).is_symlink():
                (lower / "usr" / name).mkdir(parents=True, exist_ok=True)
                (lower / name).symlink_to(f"usr/{name}")
        for folder in ("proc", "sys", "dev", "run", "tmp", "root", "var/tmp", "var/log", "var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/dpkg/parts", "etc"):
            (lower / folder).mkdir(parents=True, exist_ok=True)
        for name, fields in packages.items():
            for stem in (name, f"{name}:{fields['Architecture']}"):
                for record in (DPKG / "info").glob(f"{stem}.*"):
                    shutil.copy2(record, lower / "var/lib/dpkg/info")
                if (listing := DPKG / "info" / f"{stem}.list").exists():
                    for path in listing.read_text().splitlines():
                        _link(pathlib.Path(path), lower / path.lstrip("/"))
        database = lower / "var/lib/dpkg"
        (database / "status").write_text("\n\n".join(fields["text"].strip("\n") for fields in packages.values()) + "\n")
        (database / "available").touch()
        for name in ("arch", "diversions"):
            if (DPKG / name).exists():
                shutil.copy2(DPKG / name, database)
        # Links that maintainer scripts made here, where what they mean is there.
        for link in pathlib.Path("/etc/alternatives").iterdir():
            _link(link, lower / "etc/alternatives" / link.name)
        for record in (DPKG / "alternatives").iterdir():
            for link in re.findall(r"^(/\S+)$", record.read_text(), re.MULTILINE):
                if os.path.islink(link) and os.readlink(link).startswith("/etc/alternatives/"):
                    _link(pathlib.Path(link), lower / link.lstrip("/"))
        made = {name: (lower / f"usr/share/base-passwd/{name}.master").read_text() for name in ("passwd", "group")}
        made |= {"shadow": "root:*:19000:0:99999:7:::\n", "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
                 "hosts": "127.0.0.1 localhost machine\n", "machine-id": os.urandom(16).hex() + "\n"}
        # What pam-auth-update would write.
        made |= {f"pam.d/common-{kind}": f"{kind} required pam_permit.so\n" for kind in ("auth", "account", "password", "session", "session-noninteractive")}
        made["pam.d/common-session-noninteractive"] = made["pam.d/common-session"]
        for name, text in made.items():
            # Never into a file that is a link to one of this machine.
            (lower / "etc" / name).unlink(missing_ok=True)
            (lower / "etc" / name).write_text(text)
        subprocess.run(["chroot", lower, "ldconfig"], check=True)

    def boot(self) -> None:
        """Returns when systemd takes orders."""
        # In cgroups of its own: there it is the root of all it sees.
        tops = [CGROUPS] if (CGROUPS / "cgroup.controllers").exists() else [CGROUPS / "unified", CGROUPS / "systemd"]
        self.cgroups = [top / self.folder.name for top in tops]
        for group in self.cgroups:
            group.mkdir()
        join = "".join(f"echo $$ > '{group}/cgroup.procs'; " for group in self.cgroups)
        script = self.folder / "boot.sh"
        script.write_text(_BOOT)
        log = (self.folder / "console.log").open("a")
        words = ["sh", "-c", join + 'exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup --net bash "$1" "$2"', "sh", script, self.folder]
        self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        keep(self.process)
        wait_until("the machine's systemd runs", lambda: self._first() and self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"), 120)

    def _first(self) -> int:
        """The process here that is the first one there; 0: not yet."""
        assert self.process.poll() is None, (self.folder / "console.log").read_text()
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children and pathlib.Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd" else 0

    def run(self, *words, check: bool = True, timeout_s: float = 120) -> subprocess.CompletedProcess:
        """As root there."""
        enter = ["nsenter", "--target", str(self._first()), "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--root", "--wd",
                 "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
        done = subprocess.run([*enter, *map(str, words)], capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def curl(self, *words) -> str:
        """This machine's curl on the network of that one; what it printed. An answer of 400 or more fails."""
        done = subprocess.run(["nsenter", "--target", str(self._first()), "--net", "curl", "-sS", "--fail", "--max-time", "20", *map(str, words)],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shown(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def put(self, source: pathlib.Path, path: str) -> None:
        """Copies a file of this machine there."""
        with source.open("rb") as file:
            subprocess.run(["nsenter", "--target", str(self._first()), "--mount", "--root", "--wd", "sh", "-c", f"cat > '{path}'"], stdin=file, check=True)

    def close(self) -> None:
        if self.process:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
        for group in self.cgroups:
            wait_until(f"{group} is empty", lambda group=group: not any(procs.read_text() for procs in group.rglob("cgroup.procs")))
            for inner, _, _ in os.walk(group, topdown=False):
                os.rmdir(inner)
        shutil.rmtree(self.folder, ignore_errors=True)
