package sftp

// Version is the protocol's: that of draft-ietf-secsh-filexfer-02, which is what
// clients speak.
const version = 3

// Types of packets, draft section 3.
const (
	typeInit     = 1
	typeVersion  = 2
	typeOpen     = 3
	typeClose    = 4
	typeRead     = 5
	typeWrite    = 6
	typeLstat    = 7
	typeFstat    = 8
	typeSetstat  = 9
	typeFsetstat = 10
	typeOpendir  = 11
	typeReaddir  = 12
	typeRemove   = 13
	typeMkdir    = 14
	typeRmdir    = 15
	typeRealpath = 16
	typeStat     = 17
	typeRename   = 18
	typeReadlink = 19
	typeSymlink  = 20

	typeStatus = 101
	typeHandle = 102
	typeData   = 103
	typeName   = 104
	typeAttrs  = 105

	typeExtended      = 200
	typeExtendedReply = 201
)

// Bits of an OPEN, draft section 6.3.
const (
	openRead   = 0x01
	openWrite  = 0x02
	openAppend = 0x04
	openCreate = 0x08
	openTrunc  = 0x10
	openExcl   = 0x20
)

// Bits of what attributes come along, draft section 5.
const (
	attrSize        = 0x00000001
	attrIDs         = 0x00000002
	attrPermissions = 0x00000004
	attrTimes       = 0x00000008
	attrExtended    = 0x80000000
)

// Caps of one packet. They are OpenSSH's, whose client adapts to those that
// limits@openssh.com tells.
const (
	maxPacket = 256 << 10        // without its length
	maxData   = maxPacket - 1024 // of one READ or WRITE
	maxPath   = 4096             // PATH_MAX; a longer one is the kernel's to refuse
	maxAttrs  = 64               // extended attributes that are read over
	maxIDs    = 1024             // users, or groups, of one question
)

// extensions are what VERSION announces: PROTOCOL of OpenSSH, and for copy-data
// and home-directory draft-ietf-secsh-filexfer-extensions-00.
var extensions = [...]struct{ name, version string }{
	{"posix-rename@openssh.com", "1"},
	{"statvfs@openssh.com", "2"},
	{"fstatvfs@openssh.com", "2"},
	{"hardlink@openssh.com", "1"},
	{"fsync@openssh.com", "1"},
	{"lsetstat@openssh.com", "1"},
	{"limits@openssh.com", "1"},
	{"expand-path@openssh.com", "1"},
	{"copy-data", "1"},
	{"home-directory", "1"},
	{"users-groups-by-id@openssh.com", "1"},
}
