import { signIn } from "../../auth";

export default function SignInPage() {
  return (
    <form
      action={async (form) => {
        "use server";
        await signIn("nodemailer", form);
      }}
    >
      <input type="email" name="email" />
      <button>Sign in</button>
    </form>
  );
}
