-- How Neovim (0.11 or newer) starts Theater's language server. `vim.lsp.enable('theater')` uses it.

-- A TOML file is Theater's only if it is called theater.toml. A buffer for which `use` is not called
-- gets no server.
local function root(buffer, use)
  local name = vim.api.nvim_buf_get_name(buffer)
  if name == '' or (vim.bo[buffer].filetype == 'toml' and vim.fs.basename(name) ~= 'theater.toml') then
    return
  end
  -- One server for a whole repository: it finds the projects by itself.
  use(vim.fs.root(buffer, '.git') or vim.fs.root(buffer, 'theater.toml') or vim.fs.dirname(name))
end

---@type vim.lsp.Config
return {
  cmd = { 'theater', 'lsp' },
  filetypes = { 'toml', 'wit' },
  root_dir = root,
  -- Asking for problems, Neovim leaves out buffers that no window shows: it is sent them instead.
  capabilities = { workspace = { diagnostics = { refreshSupport = false } } },
}
