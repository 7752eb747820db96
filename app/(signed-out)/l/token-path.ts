/** The page of a link, which shows its state, by the token in a form of its own. */
export const tokenPath = (folder: string, form: FormData) => {
  const token = form.get("token");
  return typeof token === "string" && token ? `${folder}/${encodeURIComponent(token)}` : "/l";
};
