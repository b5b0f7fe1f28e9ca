"""A student's server, behind its fence."""

c = get_config()  # noqa: F821
# Ports could be listened to from another student's kernel; sockets in one's own folder cannot.
c.KernelManager.transport = "ipc"
# A kernel with TensorFlow takes a gigabyte: one that nobody has used for an hour ends.
c.MappingKernelManager.cull_idle_timeout = 3600
c.MappingKernelManager.cull_interval = 300
c.ServerApp.shutdown_no_activity_timeout = 2 * 3600
c.FileContentsManager.delete_to_trash = False
# On a full disk, its database kept a notebook from being opened at all, and so from being read.
c.NotebookNotary.db_file = ":memory:"
